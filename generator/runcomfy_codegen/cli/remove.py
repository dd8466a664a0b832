"""``runcomfy-codegen remove``: take a stored model out."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runcomfy_codegen.console import show

from .options import schemas_option

__all__ = ["command"]


@click.command("remove")
@click.argument("model")
@schemas_option
def command(model: str, schemas: Path) -> None:
    """Remove all stored files of MODEL, including overrides.json. The next generate removes its class."""
    from runcomfy_codegen.catalogue.removal import remove

    change = remove(schemas, model)
    show(f"removed    {change.model_id}", sys.stdout)
