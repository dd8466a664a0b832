"""``runcomfy-codegen remove``: take a stored model out."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runcomfy_codegen.console import show

__all__ = ["command"]


@click.command("remove")
@click.argument("model")
@click.option(
    "--schemas",
    type=click.Path(path_type=Path),
    default=Path("schemas"),
    show_default=True,
    metavar="DIR",
    help="Folder of the stored schemas.",
)
def command(model: str, schemas: Path) -> None:
    """Remove all stored files of MODEL, including overrides.json. The next generate removes its class."""
    from runcomfy_codegen.catalogue.removal import remove

    change = remove(schemas, model)
    show(f"removed    {change.model_id}", sys.stdout)
