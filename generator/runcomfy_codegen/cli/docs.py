"""``runcomfy-codegen docs``: a reference page for each model, and a list of all."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runcomfy_codegen.console import show
from runcomfy_codegen.errors import CannotWrite

from .options import schemas_option

__all__ = ["command"]


@click.command("docs")
@schemas_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Folder to write the pages to, such as docs/models.",
)
@click.option(
    "--package",
    default="runcomfy_models",
    show_default=True,
    metavar="NAME",
    help="Package that the examples import.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    default=["*"],
    metavar="GLOB",
    help="Write only models whose id matches. Can be repeated.",
)
def command(schemas: Path, out: Path, package: str, models: tuple[str, ...]) -> None:
    """Write a reference page for each model, and a searchable index page.

    The pages are Markdown for MkDocs with Material. Pages of an earlier run are removed. Files that this command
    did not write are kept; a name conflict with one of them is an error.
    """
    from runcomfy_codegen.export.folder import replace_folder
    from runcomfy_codegen.export.models import read_models
    from runcomfy_codegen.export.pages import model_pages
    from runcomfy_codegen.render.template_files import templates_folder

    script = (templates_folder() / "docs" / "models.js").read_text(encoding="utf-8")
    found = read_models(schemas, models)
    try:
        replace_folder(out, model_pages(found, package, script))
    except OSError as error:
        raise CannotWrite(
            str(error.filename or out),
            f"cannot be written: {error.strerror}",
            "Choose another folder.",
        ) from None
    show(f"{out}: {len(found)} models", sys.stdout)
