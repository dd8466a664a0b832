"""A generated package as it lies on disk; each file is read once."""

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

    ``written`` are the hashes of what the last run wrote, by path.
    """

    def __init__(self, root: Path, written: Mapping[str, str]) -> None:
        self.root = root
        self._written = written
        self._pending = read_pending(root)
        self._texts: dict[str, str | None] = {}
        self._as_written: dict[str, str | None] = {}

    @property
    def files(self) -> set[str]:
        """The files that are there, but for hidden ones, compiled ones, and what hidden folders hold."""
        return self._listing[0]

    def text(self, path: str) -> str | None:
        """What is in a file; ``None`` where there is none, or not one of ours, which are UTF-8."""
        if path not in self._texts:
            try:
                with open(f"{self.root}/{path}", "rb") as stream:  # noqa: PTH123  # a third of the time
                    content = stream.read()
                # A checkout may have other line ends than we wrote; they do not count.
                self._texts[path] = content.replace(b"\r\n", b"\n").decode("utf-8")
            except (OSError, UnicodeDecodeError):
                self._texts[path] = None
        return self._texts[path]

    def as_written(self, path: str) -> str | None:
        """What is in a file of the last run; ``None`` if it was changed since, or taken away."""
        if path not in self._as_written:
            text = self.text(path)
            hashes = (self._written.get(path, ""), self._pending.get(path, ""))
            # Older manifests hold longer hashes.
            same = text is not None and any(one.startswith(digest(text)) for one in hashes)
            self._as_written[path] = text if same else None
        return self._as_written[path]

    def leads_out(self, path: str) -> bool:
        """Whether the path leaves the folder through a link."""
        if self._links.isdisjoint(_and_parents(path)):
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
