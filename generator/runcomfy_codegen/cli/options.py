"""Options that several subcommands take, written once."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["schemas_option"]

#: The folder of the schemas that a subcommand reads; ``[tool.runcomfy-codegen]`` may set it.
schemas_option = click.option(
    "--schemas",
    type=click.Path(path_type=Path),
    default=Path("schemas"),
    show_default=True,
    metavar="DIR",
    help="Folder of the stored schemas.",
)
