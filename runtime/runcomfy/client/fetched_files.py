"""``Fetched``: the files of a result that were read or saved, for notebooks."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["Fetched"]


class Fetched:
    """The contents of read files and the paths of saved files, by URL.

    Contents are kept in a notebook's kernel only, up to 5 MB each: programs that read many files keep nothing. It is not pickled.
    """

    __slots__ = ("_contents", "_paths")

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self._paths: dict[str, tuple[Path, int]] = {}

    def read(self, url: str, content: bytes) -> None:
        """Record that a file was read."""
        if "IPython" not in sys.modules:
            return
        from runcomfy.notebook.embedding import EMBEDDED_BYTES
        from runcomfy.notebook.live import in_kernel

        if in_kernel() and len(content) <= EMBEDDED_BYTES:
            self._contents[url] = content

    def saved(self, url: str, path: Path) -> None:
        """Record that a file was saved. A file that changes later is a different file."""
        try:
            self._paths[url] = path.resolve(), path.stat().st_mtime_ns
        except OSError:  # someone was quicker
            self._paths.pop(url, None)

    def content(self, url: str) -> bytes | None:
        """The content of the file, if it is available locally and small enough to embed."""
        from runcomfy.notebook.embedding import content_at

        if url in self._contents:
            return self._contents[url]
        path, written = self._paths.get(url, (None, 0))
        try:
            same = path is not None and path.stat().st_mtime_ns == written
        except OSError:
            return None
        return content_at(path) if path is not None and same else None

    def __reduce__(self) -> tuple[type[Fetched], tuple[()]]:
        return Fetched, ()
