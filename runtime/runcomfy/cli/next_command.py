"""Commands that messages suggest: they lead to the service that this command uses."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["next_command", "remember_service"]

#: The options of this command that name its service.
_options: list[str] = []


def remember_service(options: Sequence[str]) -> None:
    """Let the suggested commands have these options."""
    _options[:] = options


def next_command(words: str) -> str:
    """The command, for the service that this command uses."""
    return " ".join([words, *_options])
