"""``UploadFile``: a local file passed to an uploader."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, BinaryIO

from runcomfy.errors import UploadFailed
from runcomfy.media.formats import ending_of, media_type_of
from runcomfy.media.probe import MediaInfo, probe

__all__ = ["Facts", "SeenFacts", "UploadFile"]

_BUFFER = 256 * 1024
#: Files whose facts are remembered.
_REMEMBERED = 4_096


@dataclass(slots=True)
class Facts:
    """What was found out about the content of a file. Whoever looks holds the lock, so that it is read once."""

    lock: Lock = field(default_factory=Lock)
    sha256: str | None = None
    media_info: MediaInfo | None = None


class SeenFacts:
    """The facts of files that many requests use: each is read once, until it is written to. Thread-safe."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, ...], Facts] = {}
        self._lock = Lock()

    def of(self, stamp: tuple[int, ...]) -> Facts:
        """The facts of the file with this size, time of change, device and number; of a file in memory new ones."""
        if len(stamp) == 1:
            return Facts()
        with self._lock:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            return self._seen.setdefault(stamp, Facts())


class _Content:
    """A file with several concurrent readers, each with its own position, until it is released.

    An abandoned upload continues in its thread for a while and must not access the file then.
    """

    def __init__(self, file: BinaryIO, release: Callable[[], object]) -> None:
        self._file, self._release = file, release
        self._lock = Lock()
        self._released = False
        self._given_back = False
        self.size = file.seek(0, io.SEEK_END)

    def read(self, start: int, size: int) -> bytes:
        with self._using():
            self._file.seek(start)
            data = self._file.read(size)
        if not isinstance(data, bytes):
            raise TypeError(f"read() returned a {type(data).__name__}, not bytes")
        return data

    def stamp(self) -> tuple[int, ...]:
        """What changes when the file is written to; of a file in memory, its length."""
        with self._using():
            try:
                found = os.fstat(self._file.fileno())
            except (OSError, AttributeError):  # io.BytesIO, or some other thing with a read()
                return (self._file.seek(0, io.SEEK_END),)
            return found.st_size, found.st_mtime_ns, found.st_dev, found.st_ino

    @contextmanager
    def _using(self) -> Iterator[None]:
        try:
            with self._lock:
                if self._released:
                    raise ValueError("the call that this file belongs to has ended")
                yield
        finally:
            if self._released:
                self.release()

    def release(self) -> None:
        """Release the file; if it is being read, the reader releases it."""
        self._released = True
        if self._lock.acquire(blocking=False):
            try:
                if not self._given_back:
                    self._given_back = True
                    self._release()
            finally:
                self._lock.release()


class _ContentReader(io.RawIOBase):
    """One reader of a content."""

    def __init__(self, content: _Content) -> None:
        self._content = content
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._content.read(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = max(0, (0, self._position, self._content.size)[whence] + offset)
        return self._position


class UploadFile(io.BufferedReader):
    """A local file for an uploader: a binary file object at its start, with the facts of the file.

    ``size`` is in bytes, ``pointer`` is the JSON pointer of the input that it is for. It can be read
    until the uploader has returned.

    >>> def upload(file: UploadFile) -> str:
    ...     headers = {"Content-Type": file.media_type, "Content-Length": str(file.size)}
    ...     return httpx.post("https://files.example.com", content=file, headers=headers).text
    """

    def __init__(
        self,
        file: BinaryIO,
        name: str,
        pointer: str,
        release: Callable[[], object],
        seen: SeenFacts | None = None,
    ) -> None:
        self._content = _Content(file, release)
        self._stamp = self._content.stamp()
        self._facts = Facts() if seen is None else seen.of(self._stamp)
        self._given_name = os.path.basename(name)  # noqa: PTH119  # it is a text, and stays one
        self.size = self._content.size
        self.pointer = pointer
        super().__init__(_ContentReader(self._content), _BUFFER)

    @property
    def name(self) -> str:
        """The file name without its folder; for a file without a name, one made from its format."""
        return self._given_name or "file" + self.ending

    @property
    def media_type(self) -> str:
        """The media type, such as ``"image/png"``: from the file's header, else from its name."""
        return media_type_of(self.media_info, self._given_name)

    @property
    def ending(self) -> str:
        """The usual extension of the type, with its dot; ``""`` if the type is unknown."""
        return ending_of(self.media_info, self._given_name)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content in hexadecimal; reads the file in chunks."""
        with self._facts.lock:
            if self._facts.sha256 is None:
                self._facts.sha256 = self._digest()
            return self._facts.sha256

    @property
    def media_info(self) -> MediaInfo:
        """What the file holds: its format and its measures."""
        with self._facts.lock:
            if self._facts.media_info is None:
                with self.again() as file:
                    self._facts.media_info = probe(file)
            return self._facts.media_info

    def _digest(self) -> str:
        digest = hashlib.sha256()
        with self.again() as file:
            while piece := file.read(_BUFFER):
                digest.update(piece)
        return digest.hexdigest()

    def again(self) -> io.BufferedReader:
        """Another reader of the same file, at its start."""
        return io.BufferedReader(_ContentReader(self._content), _BUFFER)

    def check_unchanged(self) -> None:
        """Raise ``UploadFailed`` if the file was modified since it was opened."""
        if self._content.stamp() != self._stamp:
            raise UploadFailed(
                f"{self.label} changed while it was being read; nothing was submitted. Try again when "
                "no process writes to it"
            )

    @property
    def label(self) -> str:
        """The file as named in messages: its input and its name."""
        return f"{self.pointer} ({self._given_name or f'{self.size:,} bytes'})"

    def release(self) -> None:
        """Release the file: later reads fail."""
        self._content.release()

    def __repr__(self) -> str:
        return f"<UploadFile {self.label}>"
