"""Programs in a pseudo-terminal, and what its screen shows."""

from __future__ import annotations

import os
from typing import Any

import pexpect  # type: ignore[import-untyped]  # it comes without types
import pyte

__all__ = ["END", "Screen", "spawn"]

END: Any = pexpect.EOF


def spawn(
    program: str, arguments: list[str], *, rows: int = 24, columns: int = 80, **environment: str
) -> Any:
    """Start the program in a terminal of that size; the result is a ``pexpect.spawn`` of texts."""
    # A size in the environment would shadow that of the terminal.
    inherited = {name: os.environ[name] for name in os.environ.keys() - {"COLUMNS", "LINES"}}
    return pexpect.spawn(
        program,
        arguments,
        env={**inherited, "TERM": "xterm", **environment},
        encoding="utf-8",
        timeout=60,
        dimensions=(rows, columns),
    )


class Screen:
    """What a terminal shows of everything that a program wrote."""

    def __init__(self, rows: int = 24, columns: int = 80) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)

    def feed(self, text: str) -> None:
        """Show some more."""
        self._stream.feed(text)

    def resize(self, rows: int, columns: int) -> None:
        """Change the size."""
        self._screen.resize(rows, columns)

    @property
    def lines(self) -> list[str]:
        """The lines that are not empty."""
        return [line.rstrip() for line in self._screen.display if line.strip()]
