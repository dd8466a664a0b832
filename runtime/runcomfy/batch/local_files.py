"""The local files of a batch: a file used by many rows is read and inspected once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from runcomfy.media.probe import MediaInfo
from runcomfy.model.local_files import fault
from runcomfy.validation.media import GivenFiles

__all__ = ["Digests", "ReadFile", "SeenFiles"]

#: Files that are remembered: enough for rows that share some, and little memory for rows that have one each.
_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A local file whose content is known by its digest already; ``describe`` does not read it again."""

    path: Path
    sha256: str

    def __fspath__(self) -> str:
        return str(self.path)


class Digests:
    """Makes ``ReadFile``s of paths, for ``mapped``. What cannot be read stays a path, for the validator to name."""

    def __init__(self) -> None:
        self._digest = lru_cache(_REMEMBERED)(_digest)

    def __call__(self, value: Any) -> Any:
        """The file with its digest; anything but a path as it is."""
        if not isinstance(value, Path):
            return value
        try:
            return ReadFile(value, self._digest(value))
        except OSError:
            return value


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class SeenFiles(GivenFiles):
    """The facts of local files, each inspected once for all rows."""

    def __init__(self) -> None:
        super().__init__(None, list_remote=False)  # a batch needs errors only
        self._fault = lru_cache(_REMEMBERED)(fault)
        self._probe = lru_cache(_REMEMBERED)(super().info)

    def info(self, url: Any) -> MediaInfo | None:
        """The facts of a file, remembered for paths."""
        return self._probe(url) if isinstance(url, Path) else super().info(url)

    def fault(self, url: Any) -> str:
        """Why a file cannot be used, remembered for paths."""
        return self._fault(url) if isinstance(url, Path) else super().fault(url)
