"""``runcomfy-codegen rename``: give a stored model another id, and keep the old one as an alias."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runcomfy_codegen.console import show

from .options import schemas_option

__all__ = ["command"]


@click.command("rename")
@click.argument("old")
@click.argument("new")
@schemas_option
def command(old: str, new: str, schemas: Path) -> None:
    """Rename the model OLD to NEW.

    OLD stays as a deprecated alias: its class warns once, and its requests go to NEW. When nothing uses OLD
    any longer, run runcomfy-codegen remove OLD.
    """
    from runcomfy_codegen.catalogue.removal import rename

    for change in rename(schemas, old, new):
        show(f"{change.verdict:<10} {change.model_id}  {change.words}".rstrip(), sys.stdout)
