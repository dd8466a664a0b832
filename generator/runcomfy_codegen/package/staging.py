"""Staging: files are written next to their targets first, then moved one by one.

Everything is in the staging folder before the first file moves, so that a full disk stops a run before it has changed
anything. A run that was killed leaves the folder behind; the next one reads in it which files the killed run was
about to write, and removes it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from runcomfy_codegen.errors import CannotWrite
from runcomfy_codegen.fingerprint import digest
from runcomfy_codegen.schema.folder_lock import locked

__all__ = ["Staging", "is_left_over", "read_pending", "staged"]

_FOLDER = ".runcomfy-codegen"
_RECORD = "files.json"


class Staging:
    """The contents to write, by path, in a folder of their own."""

    def __init__(self, root: Path, contents: Mapping[str, bytes]) -> None:
        self._root = root
        self._folder = root / _FOLDER
        self._names = {path: str(number) for number, path in enumerate(sorted(contents))}
        self._folder.mkdir()
        hashes = {path: digest(contents[path]) for path in self._names}
        for path, name in self._names.items():
            _write(self._folder / name, contents[path], root / path)
        _write(self._folder / _RECORD, json.dumps(hashes).encode(), root / _FOLDER)

    def move(self, path: str, target: str | None = None) -> None:
        """Put a file in its place, which is its path or ``target``: whole, or not at all."""
        file = self._root / (target or path)
        file.parent.mkdir(parents=True, exist_ok=True)
        (self._folder / self._names[path]).replace(file)


@contextmanager
def staged(root: Path, contents: Mapping[str, bytes]) -> Iterator[Staging]:
    """The staged contents, while no other run writes into ``root``.

    Raises ``CannotWrite`` if a file cannot be written; it names the file.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with locked(root):
            shutil.rmtree(root / _FOLDER, ignore_errors=True)  # of a run that was killed
            try:
                yield Staging(root, contents)
            finally:
                shutil.rmtree(root / _FOLDER, ignore_errors=True)
    except OSError as error:
        raise CannotWrite(
            str(error.filename2 or error.filename or root),
            f"cannot be written: {error.strerror or error}",
            "The existing package is intact. Check the permissions and the free space there, then rerun the command.",
        ) from None


def read_pending(root: Path) -> dict[str, str]:
    """The files that a killed run was about to write: path -> hash. Empty if there was none."""
    try:
        found = json.loads((root / _FOLDER / _RECORD).read_text(encoding="utf-8"))
        return {str(path): str(one) for path, one in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def is_left_over(root: Path) -> bool:
    """Whether a run that was killed left its staging folder."""
    return (root / _FOLDER).exists()


def _write(file: Path, content: bytes, place: Path) -> None:
    try:
        with open(file, "xb") as stream:  # noqa: PTH123  # a third of the time
            stream.write(content)
    except OSError as error:
        error.filename = str(place)
        raise
