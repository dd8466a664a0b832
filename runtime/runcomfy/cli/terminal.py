"""Escaping of everything written to the terminal, so that external text cannot control it."""

from __future__ import annotations

import os
import sys
from typing import TextIO

__all__ = [
    "clear_line",
    "complain",
    "draw_line",
    "fit",
    "help_width",
    "is_terminal",
    "lines_of",
    "plain",
    "prepare",
    "uses_colour",
]


_CLEAR = "\r\x1b[K"
_NARROWEST, _WIDEST = 40, 98
#: The line that is drawn now, if one is.
_drawn: list[str] = []


def prepare() -> None:
    """Write characters that the terminal's encoding lacks as escapes."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def plain(text: str, longest: int = 0) -> str:
    """The text on one line, made printable, cut after ``longest`` characters."""
    from runcomfy.model.messages import printable  # help texts start without the model package

    cut = text if not longest or len(text) <= longest else text[:longest] + "…"
    return printable(cut)


def lines_of(text: str) -> list[str]:
    """The lines of a text, each made printable."""
    return [plain(line) for line in text.split("\n")]


def complain(message: str) -> None:
    """Write an error to standard error, with further lines indented."""
    clear_line()
    first, *others = lines_of(message)
    printed = [
        f"runcomfy-py: {first}",
        *(line if line[:1] == " " else f"  {line}" for line in others),
    ]
    sys.stderr.write("\n".join(printed) + "\n")


def draw_line(text: str) -> None:
    """Draw a line on the terminal of standard error, in the place of the one that was drawn before."""
    _drawn.append(text)
    sys.stderr.write(_CLEAR + text)
    sys.stderr.flush()


def clear_line() -> None:
    """Erase the drawn line before other output."""
    if _drawn:
        _drawn.clear()
        sys.stderr.write(_CLEAR)
        sys.stderr.flush()


def help_width() -> int:
    """The width of help texts: that of the terminal, within limits. click would import shutil for it."""
    given = os.environ.get("COLUMNS", "")
    try:
        columns = int(given) if given.isdecimal() else os.get_terminal_size(1).columns
    except OSError:
        columns = 80
    return min(max(columns - 2, _NARROWEST), _WIDEST)


def is_terminal(stream: TextIO) -> bool:
    """Whether a person sees the stream, on a terminal that understands movements of the cursor."""
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # it was closed
        return False


def uses_colour(stream: TextIO) -> bool:
    """Whether the stream is written in colour (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def fit(text: str, width: int, encoding: str) -> str:
    """As much of a printable text as fits into so many columns of a terminal with this encoding."""
    from unicodedata import east_asian_width

    shown, used = [], 0
    for character in text.encode(encoding, "backslashreplace").decode(encoding):
        used += 2 if east_asian_width(character) in "WF" else 1
        if used > width:
            break
        shown.append(character)
    return "".join(shown)
