"""Which files and folders are as they were when they were read last, so that the next run need not read them again.

As git does it: a file whose size, inode and time of change are the same has not been written to, and in a folder whose inode
and time of change are the same no name has come or gone. That time is the system's: no program can set it. A record
holds for one stamp only, and it lies beside it. ``generate --check`` does not look at it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["FileStamps"]

_RECORD = Path("__pycache__", "runcomfy-codegen.seen")
#: What was changed so short before a run may be changed again without other times, on some disks.
_TOO_NEW = 2_000_000_000
#: On Windows the time of a change cannot be trusted: a tool can set it.
_TELLS_CHANGES = os.name == "posix"


@dataclass(slots=True)
class _States:
    """The states that one run found: times of change and inodes, of files also the size, as text."""

    folders: dict[str, str] = field(default_factory=dict)
    #: Of each model the paths of its files, and at last the state of all of them.
    models: dict[str, list[str]] = field(default_factory=dict)
    #: What the run was asked for, if it noted everything that the answer depends on.
    question: list[str] = field(default_factory=list)


class FileStamps:
    """The states of folders and files when they were read last, and now."""

    def __init__(self, folder: Path, stamp: str, *, used: bool) -> None:
        self._folder = folder
        self._latest = time.time_ns() - _TOO_NEW
        self._before = _read(folder, stamp) if used and stamp and _TELLS_CHANGES else _States()
        self._now = _States()
        self._too_new = False

    def all_known(self, question: list[str]) -> bool:
        """Whether an earlier run was asked the same, and all that its answer depended on is as it was."""
        before = self._before
        if not question or before.question != question:
            return False
        try:
            return all(
                _folder_state(os.stat(path)) == state  # noqa: PTH116  # Path.stat takes twice as long
                for path, state in before.folders.items()
            ) and all(
                _state(list(map(os.stat, files))) == state
                for *files, state in before.models.values()
            )
        except (OSError, ValueError, TypeError, AttributeError):  # the last three: a broken record
            return False

    def note_folder(self, path: str) -> None:
        """Note a folder of schemas, before it is listed."""
        try:
            found = os.stat(path)  # noqa: PTH116  # Path.stat takes twice as long
        except OSError:
            self._too_new = True
            return
        self._too_new |= found.st_ctime_ns > self._latest
        self._now.folders[path] = _folder_state(found)

    def is_known(self, model_id: str, files: Sequence[str]) -> bool:
        """Whether all of a model's files are as they were; they are noted for the next run."""
        if not _TELLS_CHANGES:
            return False
        try:
            found = list(map(os.stat, files))
        except OSError:
            return False
        if max(one.st_ctime_ns for one in found) > self._latest:
            return False
        state = self._now.models[model_id] = [*files, _state(found)]
        return self._before.models.get(model_id) == state

    def record(
        self, stamp: str, kept: Collection[str], question: list[str]
    ) -> tuple[Path, str] | None:
        """The file to write for the next run, with its text; ``None`` if it is there already.

        ``kept`` are the models that are as they were, and ``question`` is empty if there are others.
        """
        states = self._now
        states.models = {one: states.models[one] for one in kept if one in states.models}
        whole = not self._too_new and len(states.models) == len(kept)
        states.question = question if whole else []
        if not stamp or not states.models or states == self._before:
            return None
        parts = {"folders": states.folders, "models": states.models, "question": states.question}
        return self._folder / _RECORD, json.dumps({"stamp": stamp, **parts})


def _folder_state(found: os.stat_result) -> str:
    return f"{found.st_ctime_ns} {found.st_ino}"


def _state(found: list[os.stat_result]) -> str:
    return " ".join([f"{one.st_size} {one.st_ctime_ns} {one.st_ino}" for one in found])


def _read(folder: Path, stamp: str) -> _States:
    try:
        found = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        if found.pop("stamp") != stamp:
            return _States()
        return _States(**found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _States()
