"""``LockFile``: byte locks in a file next to the journal that show which processes are alive.

The system drops them with the process that holds them, however it ends, and children do not inherit
them. They are not taken on the database, whose own locks would be lost with a second descriptor of it;
for the same reason a process opens each lock file once, and shares it.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import ClassVar

from runcomfy.errors import JournalBusy, JournalError, JournalRefused

__all__ = ["GENERATION", "OPENING", "RUNNER", "LockFile", "byte_of"]

#: The meaning of each byte. Those from ``_CLAIMS`` on belong to claims.
RUNNER, OPENING, GENERATION = 0, 1, 2
_CLAIMS = 1024
#: Hexadecimal digits of a claim's token that choose its byte: 60 bits, and the offset stays below 2^63.
_DIGITS = 15

#: Seconds between two tries to get a lock.
_PAUSE = 0.01

if sys.platform == "win32":
    import msvcrt

    def _take(file: int, byte: int, *, shared: bool) -> None:  # noqa: ARG001  # Windows has one kind only
        os.lseek(file, byte, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def _drop(file: int, byte: int) -> None:
        os.lseek(file, byte, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(file: int, byte: int, *, shared: bool) -> None:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.lockf(file, kind | fcntl.LOCK_NB, 1, byte, os.SEEK_SET)

    def _drop(file: int, byte: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_UN, 1, byte, os.SEEK_SET)


#: The errors of the system while another process holds the byte.
_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})


def byte_of(token: str) -> int:
    """The byte that the holder of a claim locks."""
    return _CLAIMS + int(token[:_DIGITS], 16)


class LockFile:
    """A lock file, opened once per process and shared within it."""

    _open: ClassVar[dict[tuple[int, int], LockFile]] = {}
    _opening: ClassVar[Lock] = Lock()

    @classmethod
    def open(cls, path: Path) -> LockFile:
        """Open the file, creating it if needed. Each ``open`` needs a ``close``."""
        with cls._opening:
            known = cls._open.get(_identity(path))
            if known is None:
                file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
                known = cls._open[_identity(path)] = cls(path, file)
            known._users += 1
            return known

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file
        self._users = 0
        self._held: set[int] = set()
        self._lock = Lock()

    def close(self) -> None:
        """Close the file after its last user in this process."""
        with self._opening:
            self._users -= 1
            if self._users:
                return
            for key, one in list(self._open.items()):
                if one is self:
                    del self._open[key]
            os.close(self._file)

    def require_in_place(self) -> None:
        """Raise if the file was removed or replaced, because other processes would not see its locks."""
        try:
            there = self._path.stat()
        except OSError:
            there = None
        if there is None or not os.path.samestat(there, os.fstat(self._file)):
            raise JournalRefused(
                f"{self._path} was removed or replaced while the journal was open; nothing was sent. "
                "Stop all programs that use this journal and restart them"
            )

    def hold(self, byte: int) -> bool:
        """Lock the byte, if no one holds it in this or another process."""
        with self._lock:
            if byte in self._held or not self._try(byte, shared=False):
                return False
            self._held.add(byte)
            return True

    def release(self, byte: int) -> None:
        """Unlock the byte. Does nothing if it is not held."""
        with self._lock:
            if byte in self._held:
                self._held.discard(byte)
                _drop(self._file, byte)

    def is_held(self, byte: int) -> bool:
        """Whether a running process holds the byte."""
        with self._lock:
            if byte in self._held:
                return True
            # A shared lock, so that two concurrent checks do not mistake each other for a holder.
            if not self._try(byte, shared=True):
                return True
            _drop(self._file, byte)
            return False

    @contextmanager
    def exclusive(self, byte: int, seconds: float) -> Iterator[None]:
        """Hold the byte during the block. Raises ``JournalBusy`` after ``seconds``."""
        ends = time.monotonic() + seconds
        while not self.hold(byte):
            if time.monotonic() > ends:
                raise JournalBusy(
                    f"{self._path}: another process has been holding the journal for {seconds:.0f} s; "
                    "nothing was sent. Try again later"
                )
            time.sleep(_PAUSE)
        try:
            yield
        finally:
            self.release(byte)

    def _try(self, byte: int, *, shared: bool) -> bool:
        try:
            _take(self._file, byte, shared=shared)
        except OSError as error:
            if error.errno in _HELD:
                return False
            raise JournalError(f"{self._path} cannot be locked: {error.strerror}") from error
        return True

    @classmethod
    def forget_all(cls) -> None:
        """In a child: the locks are the parent's, so that closing the descriptors here drops none."""
        inherited, cls._open, cls._opening = cls._open, {}, Lock()
        for one in inherited.values():
            os.close(one._file)


def _identity(path: Path) -> tuple[int, int]:
    """The identity of a file; ``(0, 0)`` if it does not exist."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino
