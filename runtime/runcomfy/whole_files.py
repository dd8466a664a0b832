"""Writing a file in one step: whoever reads it sees the old content or the new, never a part."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["is_special", "write_whole"]


def is_special(path: Path) -> bool:
    """Whether the path is a device, a pipe or a socket, such as ``/dev/null`` or ``/dev/stdout``.

    Such a path is written to, and never replaced by a file: root may replace it, and would take it from all programs.
    """
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except OSError:
        return False


def write_whole(path: Path, text: str) -> None:
    """Write a text as UTF-8 with plain line ends. Raises ``OSError``, and leaves nothing behind then.

    >>> write_whole(Path("page.html"), "<p>…")
    """
    if is_special(path):
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
