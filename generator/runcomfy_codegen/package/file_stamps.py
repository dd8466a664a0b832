"""Which files are as they were when they were read last, so that the next run need not read them again.

As git does it: a file whose size, inode and time of change are the same has not been written to. That time is the system's:
no program can set it. A record holds for one stamp only, and it lies beside it. ``generate --check`` does not look at it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

__all__ = ["FileStamps"]

_RECORD = Path("__pycache__", "runcomfy-codegen.seen")
#: A file that was written to so short before a run may be written to again without other times, on some disks.
_TOO_NEW = 2_000_000_000
#: On Windows the time of a change cannot be trusted: a tool can set it.
_TELLS_CHANGES = os.name == "posix"


class FileStamps:
    """The state of each model's files when they were read last: model id -> sizes, times of change, inodes."""

    def __init__(self, folder: Path, stamp: str, *, used: bool) -> None:
        self._folder = folder
        self._latest = time.time_ns() - _TOO_NEW
        self._before = _read(folder, stamp) if used and stamp else {}
        self._now: dict[str, str] = {}

    def is_known(self, model_id: str, files: Iterable[str]) -> bool:
        """Whether all of a model's files are as they were; they are noted for the next run."""
        if not _TELLS_CHANGES:
            return False
        found: list[int] = []
        for file in files:
            try:
                one = os.stat(file)  # noqa: PTH116  # Path.stat takes twice as long
            except OSError:
                return False
            if one.st_ctime_ns > self._latest:
                return False
            found += (one.st_size, one.st_ctime_ns, one.st_ino)
        state = " ".join(map(str, found))
        self._now[model_id] = state
        return self._before.get(model_id) == state

    def record(self, stamp: str, kept: Iterable[str]) -> tuple[Path, str] | None:
        """The file to write for the next run, with its text; ``None`` if it is there already."""
        states = {one: self._now[one] for one in kept if one in self._now}
        if not stamp or states == self._before:
            return None
        return self._folder / _RECORD, json.dumps({"stamp": stamp, "models": states})


def _read(folder: Path, stamp: str) -> dict[str, str]:
    try:
        found = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        return dict(found["models"]) if found["stamp"] == stamp else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
