"""Text for the terminal: what a page or a file name holds can be shown, never obeyed."""

from __future__ import annotations

from typing import TextIO

__all__ = ["printable", "show"]


def printable(text: str) -> str:
    """The text on one line, with every character that could steer a terminal written as an escape.

    Control characters, line ends, bidi marks and lone surrogates become ``\\x1b``, ``\\n``,
    ``\\u202e`` and the like; letters of every script stay as they are.
    """
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def show(text: str, stream: TextIO) -> None:
    """Write a line; a character that the stream's encoding lacks is escaped, not an exception."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
