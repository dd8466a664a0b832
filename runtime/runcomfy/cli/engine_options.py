"""The options for engines. Imported for help texts, so it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["engine_options"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def engine_options(purpose: str) -> Callable[[CommandT], CommandT]:
    """The options ``--engine``, whose help is ``purpose``, and ``--address``."""

    def add(command: CommandT) -> CommandT:
        for option in (
            click.option(
                "--address",
                metavar="ADDRESS",
                help="The Ray cluster, such as auto or host:6379. Default: RAY_ADDRESS, else one on this machine.",
            ),
            click.option(
                "--engine",
                type=click.Choice(["local", "ray"]),
                default="local",
                show_default=True,
                help=purpose,
            ),
        ):
            command = option(command)
        return command

    return add
