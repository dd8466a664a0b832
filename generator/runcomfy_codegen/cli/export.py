"""``runcomfy-codegen export``: the schemas for programs in other languages."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from runcomfy.whole_files import write_whole
from runcomfy_codegen.console import show
from runcomfy_codegen.errors import CannotWrite

from .options import schemas_option

__all__ = ["command"]

_FORMATS = ("openapi", "jsonschema", "typescript")


@click.command("export")
@click.argument("format", type=click.Choice(_FORMATS), metavar="{openapi|jsonschema|typescript}")
@schemas_option
@click.option(
    "--model",
    "models",
    multiple=True,
    default=["*"],
    metavar="GLOB",
    help="Export only models whose id matches. Can be repeated.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to this file instead of standard output.",
)
def command(format: str, schemas: Path, models: tuple[str, ...], out: Path | None) -> None:  # noqa: A002  # click's name for it
    """Write the schemas in a format for other languages.

    openapi writes one OpenAPI 3.1 document of the whole API, jsonschema one bundle of all models, typescript
    one module of types. Demo values become examples, never defaults.
    """
    from runcomfy_codegen.export.bundle import bundle
    from runcomfy_codegen.export.models import read_models
    from runcomfy_codegen.export.openapi import openapi
    from runcomfy_codegen.export.typescript import typescript

    found = read_models(schemas, models)
    if format == "typescript":
        text = typescript(found)
    else:
        document = openapi(found) if format == "openapi" else bundle(found)
        text = json.dumps(document, indent=2) + "\n"
    if out is None:
        show(text.rstrip("\n"), sys.stdout)
        return
    try:
        write_whole(out, text)
    except OSError as error:
        raise CannotWrite(
            str(out), f"cannot be written: {error.strerror}", "Choose another file."
        ) from None
    show(f"{out}: {len(found)} models", sys.stdout)
