"""``runcomfy-codegen override``: start the corrections of a model, and check those that are there."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runcomfy.cli.exit_codes import DONE, FAILED
from runcomfy_codegen.console import show

from .options import schemas_option

__all__ = ["command"]


@click.command("override")
@click.argument("model", required=False)
@schemas_option
@click.option("--check", is_flag=True, help="List overrides whose target does not exist; exit with 1 if there are any.")  # fmt: skip
def command(model: str | None, schemas: Path, check: bool) -> int:
    """Start an overrides.json for MODEL, with its inputs and no changes.

    Each member is a JSON Merge Patch of the stored document. With --check, write nothing, and check the overrides
    of MODEL or, without one, of all models.
    """
    from runcomfy_codegen.catalogue.overriding import missing_targets, start_overrides

    if not check:
        if model is None:
            raise click.UsageError("Missing argument 'MODEL'; only --check works without one.")
        show(f"started    {start_overrides(schemas, model)}", sys.stdout)
        return DONE
    found = list(missing_targets(schemas, model))
    for model_id, remark in found:
        show(f"{model_id}  {remark.place}: {remark.text}", sys.stdout)
    if not found:
        show("Every override has its target.", sys.stdout)
    return FAILED if found else DONE
