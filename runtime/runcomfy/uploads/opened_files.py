"""``OpenedFiles``: the local files of one payload, opened once.

A file is checked, hashed and sent through one handle, so replacing it on disk in the meantime has no effect, and
writing to it is detected.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import Any, Self

from runcomfy.errors import UploadFailed
from runcomfy.model.local_files import fault, name_of, path_of, replaced
from runcomfy.model.media import MediaInput

from .upload_file import SeenFacts, UploadFile

__all__ = ["OpenedFiles"]

_PIECE = 256 * 1024
#: Bytes kept in memory of a stream that can be read only once; a longer one goes to a temporary file.
_SPOOLED = 8 * 1024 * 1024


class OpenedFiles:
    """The local files of a payload, each opened once even if it occurs several times.

    ``payload`` holds an ``UploadFile`` instead of each. A file that cannot be opened stays in the payload, where
    the checks report it. The position of a caller's seekable file object is restored.

    >>> with OpenedFiles(cls._media, payload) as files:
    ...     print(files.places)
    {'/images/0': <UploadFile /images/0 (cat.png)>}
    """

    def __init__(
        self,
        inputs: Iterable[MediaInput],
        payload: dict[str, Any],
        seen: SeenFacts | None = None,
    ) -> None:
        self._inputs = tuple(inputs)
        self._seen = seen
        self._opened: dict[object, UploadFile] = {}
        #: The file at each JSON pointer.
        self.places: dict[str, UploadFile] = {}
        try:
            self.payload: dict[str, Any] = replaced(self._inputs, payload, self._open)
        except BaseException:
            self.close()
            raise

    @property
    def each(self) -> list[UploadFile]:
        """The files, each once."""
        return [*self._opened.values()]

    def require_all(self) -> None:
        """Raise ``UploadFailed`` for a file that could not be opened."""
        replaced(self._inputs, self.payload, _require)

    def with_urls(self, urls: dict[UploadFile, str]) -> dict[str, Any]:
        """The payload with each file replaced by its URL."""
        payload: dict[str, Any] = replaced(self._inputs, self.payload, lambda _, file: urls[file])
        return payload

    def close(self) -> None:
        """Release all files."""
        for file in self._opened.values():
            file.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, pointer: str, value: Any) -> object:
        key = _key(value)
        if key not in self._opened:
            if fault(value):
                return value
            try:
                self._opened[key] = _opened(value, pointer, self._seen)
            except Exception:  # noqa: BLE001  # of a file of any class; ``require_all`` and the checks name it
                return value
        self.places[pointer] = self._opened[key]
        return self._opened[key]


def _key(value: Any) -> object:
    """The identity of a file: equal for the same file."""
    if isinstance(value, bytes):
        return value
    return os.fsdecode(value) if hasattr(value, "__fspath__") else id(value)


def _opened(value: Any, pointer: str, seen: SeenFacts | None) -> UploadFile:
    if isinstance(value, bytes):
        return UploadFile(io.BytesIO(value), "", pointer, lambda: None)
    if hasattr(value, "__fspath__"):
        file = open(path_of(value), "rb", buffering=0)  # noqa: PTH123, SIM115  # any path-like; released by its user
        return UploadFile(file, os.fsdecode(value), pointer, file.close, seen)
    name = getattr(value, "name", None)
    name = name if isinstance(name, str) else ""
    if hasattr(value, "seekable") and value.seekable():
        place = value.tell()
        return UploadFile(value, name, pointer, lambda: _put_back(value, place))
    spool = SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115  # released by its user
    while piece := value.read(_PIECE):
        spool.write(piece)
    return UploadFile(spool, name, pointer, spool.close)  # type: ignore[arg-type]  # it reads and seeks, which is all


def _put_back(file: Any, place: int) -> None:
    with suppress(ValueError):  # its owner has closed it
        file.seek(place)


def _require(pointer: str, value: Any) -> Any:
    if isinstance(value, UploadFile):
        return value
    why = fault(value) or "cannot be read"
    raise UploadFailed(f"{pointer} ({name_of(value)}) {why}; nothing was submitted")
