"""Text for the terminal: what a payload holds is shown there and never obeyed."""

from __future__ import annotations

import sys
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from runcomfy.model.messages import printable

__all__ = ["Screen", "complain", "prepare", "safe"]


class Screen(Console):
    """Standard output, without the markup, emoji codes and guesses about colour of rich."""

    def __init__(self) -> None:
        super().__init__(markup=False, emoji=False, highlight=False)

    def on_broken_pipe(self) -> NoReturn:
        """Leave the broken pipe to the command, which knows how to end."""
        raise  # noqa: PLE0704  # rich calls this while it handles the BrokenPipeError


def prepare() -> None:
    """Write characters that the terminal's encoding lacks as escapes."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def complain(message: str) -> None:
    """Say on standard error what is wrong."""
    sys.stderr.write(f"runcomfy-py: {printable(message)}\n")


def safe(text: str, style: str = "", longest: int = 0) -> Text:
    """Printable text for rich, cut after ``longest`` characters."""
    cut = text if not longest or len(text) <= longest else text[:longest] + "…"
    return Text(printable(cut), style)
