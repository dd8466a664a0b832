"""Printing text from pages and file names safely on a terminal."""

from __future__ import annotations

from typing import TextIO

from runcomfy.model.messages import printable

__all__ = ["printable", "show"]


def show(text: str, stream: TextIO) -> None:
    """Write a line; a character that the stream's encoding lacks is escaped, not an exception."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
