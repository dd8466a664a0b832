"""The options for saved files. Imported for help texts, so it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["FIELDS", "saving_options"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

#: The fields of a name template.
FIELDS = ("model", "request_id", "index", "name", "ext", "extension", "run")


def saving_options(command: CommandT) -> CommandT:
    """The options ``-o``, ``--name`` and ``--no-save``."""
    for option in (
        click.option(
            "--no-save", is_flag=True, help="Print the URLs of the files instead of saving them."
        ),
        click.option(
            "--name",
            metavar="TEMPLATE",
            help=f"Template of file names: {', '.join('{' + one + '}' for one in FIELDS)}.",
        ),
        click.option(
            "-o",
            "--output",
            "--out",
            "folder",
            metavar="FOLDER",
            default=".",
            show_default="the current folder",
            help="Save the files in this folder.",
        ),
    ):
        command = option(command)
    return command
