"""A generated package on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from runcomfy_codegen.fingerprint import digest

from .staging import read_pending

__all__ = ["PackageFolder"]


class PackageFolder:
    """The files in a package's folder. Paths are relative to it, with forward slashes.

    ``written`` are the hashes of what the last run wrote, by path. Contents are read when they are asked for, and not
    kept: a package may hold thousands of models.
    """

    def __init__(self, root: Path, written: Mapping[str, str]) -> None:
        self.root = root
        self._written = written
        self._pending = read_pending(root)
        self._hashes: dict[str, str | None] = {}

    @property
    def files(self) -> set[str]:
        """The existing files, except hidden and compiled ones and the contents of hidden folders."""
        return self._listing[0]

    def content(self, path: str) -> bytes | None:
        """The content of a file, or ``None``. Line ends are normalised, because a checkout may change them."""
        try:
            with open(self.place(path), "rb") as stream:  # noqa: PTH123  # a third of the time
                content = stream.read()
                return content.replace(b"\r\n", b"\n") if b"\r" in content else content
        except OSError:
            return None

    def text(self, path: str) -> str | None:
        """The content as text; ``None`` also if it is not UTF-8, and so not ours."""
        try:
            content = self.content(path)
            return None if content is None else content.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def hash(self, path: str) -> str | None:
        """The hash of a file's content, or ``None``."""
        if path not in self._hashes:
            content = self.content(path)
            self._hashes[path] = None if content is None else digest(content)
        return self._hashes[path]

    def is_as_written(self, path: str) -> bool:
        """Whether a file is one of the last run, or of one that was killed, and no one has changed it since."""
        known = (self._written.get(path), self._pending.get(path))
        if known == (None, None):
            return False
        found = self.hash(path)
        # Older manifests hold longer hashes.
        return found is not None and any(one is not None and one.startswith(found) for one in known)

    def place(self, path: str) -> str:
        """Where a file is on disk."""
        return f"{self.root}/{path}"

    def trust(self, path: str) -> None:
        """A file is as the last run wrote it, and need not be read."""
        self._hashes[path] = self._written.get(path)

    def leads_out(self, path: str) -> bool:
        """Whether the path leaves the folder through a link."""
        if not self._links or self._links.isdisjoint(_and_parents(path)):
            return False
        return not (self.root / path).resolve().is_relative_to(self.root.resolve())

    @property
    def _links(self) -> set[str]:
        return self._listing[1]

    @cached_property
    def _listing(self) -> tuple[set[str], set[str]]:
        """The files, and the links to files or folders; linked folders are not gone into."""
        files: set[str] = set()
        links: set[str] = set()
        folders = [""]
        while folders:
            inside = folders.pop()
            for entry in _entries(self.root / inside):
                path = f"{inside}{entry.name}"
                if entry.is_symlink():
                    links.add(path)
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__" and not entry.name.startswith("."):
                        folders.append(f"{path}/")
                elif entry.is_file() and not entry.name.startswith("."):
                    files.add(path)
        return files, links


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:  # a first run, or another run took it away
        return


def _and_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
