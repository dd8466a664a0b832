"""Replacing the documents of a model atomically, safe against a kill at any moment.

What is to be written is put into a hidden folder beside the old documents, with a mark for each that is to go. One
rename of that folder decides: before it, the model is the old one; after it, the new one, because readers
(``schema.documents``) prefer what lies in the folder. Then the documents move to their places: old ones go first, the
new input comes, and the others follow. A run that is killed leaves the folder; the next ``add`` carries on with it.

A model without a folder needs none of this: its hidden folder lies beside the place of its own, and becomes it by one rename.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from runcomfy_codegen.schema.documents import DECIDED, REMOVED

__all__ = ["Replacement", "finish_all"]

_UNDECIDED = ".adding"
#: What makes a folder a model's.
_INPUT = "input.json"


class Replacement:
    """What is written into the folder of a model, by file name, and removed from it."""

    def __init__(self, folder: Path, writes: Mapping[str, bytes], removes: Iterable[str]) -> None:
        self._folder = folder
        self._files = {**writes, **{f"{name}{REMOVED}": b"" for name in removes}}
        self._made = [path for path in (folder, *folder.parents) if not path.exists()]
        new = folder in self._made
        self._staged = (
            folder.with_name(f"{_UNDECIDED}-{folder.name}") if new else folder / _UNDECIDED
        )

    def stage(self) -> None:
        """Write the documents where no one reads them yet."""
        shutil.rmtree(self._staged, ignore_errors=True)
        self._staged.mkdir(parents=True)
        for name, data in self._files.items():
            try:
                with (self._staged / name).open("xb") as file:
                    file.write(data)
            except OSError as error:  # the error of a full disk lacks the name of the file
                error.filename = str(self._folder / name)
                raise

    def decide(self) -> None:
        """Let the change count, and move the documents to their places."""
        if not self._folder.exists():
            self._staged.rename(self._folder)
            return
        # Also of a model that was new: the folder of another one may have been made inside its place since.
        self._staged.replace(self._folder / DECIDED)
        _finish(self._folder)

    def give_up(self) -> None:
        """Leave the model as it was, and no folder that was made for it."""
        shutil.rmtree(self._staged, ignore_errors=True)
        for path in self._made:
            with suppress(OSError):  # it is not empty
                path.rmdir()


def finish_all(root: Path) -> None:
    """Carry on where a run that was killed ended, in all models below ``root``."""
    for path, folders, _ in os.walk(root):
        if DECIDED in folders:
            _finish(Path(path))
        for name in folders:
            if name.startswith(_UNDECIDED):
                shutil.rmtree(Path(path) / name, ignore_errors=True)
        folders[:] = [name for name in folders if not name.startswith(".")]


def _finish(folder: Path) -> None:
    decided = folder / DECIDED
    staged = sorted(file.name for file in decided.iterdir())
    writes = [name for name in staged if not name.endswith((REMOVED, ".tmp"))]
    for name in sorted({name.removesuffix(REMOVED) for name in staged} - {_INPUT}):
        if name not in writes or not _same(decided / name, folder / name):
            (folder / name).unlink(missing_ok=True)
    if f"{_INPUT}{REMOVED}" in staged:
        (folder / _INPUT).unlink(missing_ok=True)
    for name in sorted(writes, key=lambda name: (name != _INPUT, name)):
        # A copy, so that readers find all of the change in one place until it is done.
        copied = decided / f"{name}.tmp"
        copied.write_bytes((decided / name).read_bytes())
        copied.replace(folder / name)
    # A folder that is being removed is half there, so it must not count any longer.
    shutil.rmtree(folder / _UNDECIDED, ignore_errors=True)
    decided.replace(folder / _UNDECIDED)
    shutil.rmtree(folder / _UNDECIDED, ignore_errors=True)


def _same(new: Path, old: Path) -> bool:
    return old.is_file() and old.read_bytes() == new.read_bytes()
