"""``Header``: the limited part of a file that probes may read."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO

__all__ = [
    "FIRST",
    "MAX_BYTES",
    "MAX_READS",
    "Damaged",
    "Header",
    "NeedBytes",
    "Unreadable",
    "ask",
    "read",
]

#: The limits of reading a file. Videos, and photos with depth maps, have megabytes before the facts.
MAX_BYTES = 8 * 2**20
MAX_READS = 20_000
#: The largest file size and offset.
_LARGEST = 2**63 - 1
#: Bytes of the first read: the whole header of most images.
FIRST = 4096


class NeedBytes(Exception):
    """A partially available file lacks the bytes from ``start`` to ``stop``.

    ``read`` of such a file raises it and ``probe`` passes it on, so that the caller can fetch the bytes and
    probe again.
    """

    def __init__(self, start: int, stop: int) -> None:
        super().__init__(f"bytes {start} to {stop} are not available")
        self.start = start
        self.stop = stop


class Unreadable(Exception):
    """The facts of a file cannot be read; the message is the reason."""


class Damaged(Unreadable):
    """A header that is truncated or contradicts itself: no program can read the file."""


class Header:
    """A binary file of which only a limited amount can be read.

    It is a file object for libraries; our own readers use ``at``. Libraries may swallow exceptions of a read, so
    the first one is kept, and ``check`` raises it again.
    """

    __slots__ = ("_bytes", "_fault", "_file", "_place", "_reads", "first")

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._place = 0
        self._bytes = MAX_BYTES - FIRST
        self._reads = MAX_READS
        self._fault: Exception | None = None
        #: The first bytes of the file.
        self.first = read(file, FIRST)

    def at(self, place: int, size: int) -> bytes:
        """The ``size`` bytes at offset ``place``, fewer at the end of the file."""
        self._reads -= 1
        if self._reads < 0:
            raise self._keep(Unreadable("its header is too long"))
        stop = place + size
        first = self.first
        if stop <= len(first) or len(first) < FIRST:  # the file itself may be as short
            return first[place:stop]
        if size > self._bytes:
            raise self._keep(Unreadable("its header is too long"))
        if stop > _LARGEST:
            return b""
        try:
            ask(self._file.seek, place)
            data = read(self._file, size)
        except Exception as fault:
            self._keep(fault)
            raise
        self._bytes -= len(data)
        return data

    def exactly(self, place: int, size: int) -> bytes:
        """The ``size`` bytes at offset ``place``. Raises ``Damaged`` if the file ends earlier."""
        data = self.at(place, size)
        if len(data) < size:
            raise Damaged("its header is truncated")
        return data

    def check(self) -> None:
        """Raise the error of an earlier read, if any."""
        if self._fault is not None:
            raise self._fault

    def _keep(self, fault: Exception) -> Exception:
        if self._fault is None:
            self._fault = fault
        return fault

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes."""
        if size < 0:
            raise self._keep(Unreadable("its header is too long"))
        data = self.at(self._place, size)
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Set the position, as ``io.IOBase.seek`` does."""
        if whence == 0:
            self._place = offset
        elif whence == 1:
            self._place += offset
        else:
            ask(self._file.seek, 0, 2)
            self._place = ask(self._file.tell) + offset
        if self._place < 0:
            self._place = 0
            raise OSError("a position before the start of the file")
        return self._place

    def tell(self) -> int:
        """The current position."""
        return self._place


def ask(method: Callable[..., Any], *numbers: int) -> Any:
    """Call a method of a file. Raises ``OSError`` for any exception of the file.

    The file may stand in an archive that is damaged, may be closed, or of a class of the caller's own.
    """
    try:
        return method(*numbers)
    except (OSError, NeedBytes):
        raise
    except Exception as error:
        raise OSError(str(error) or type(error).__name__) from error


def read(file: BinaryIO, size: int) -> bytes:
    """The next ``size`` bytes, even if the file returns fewer at a time."""
    data = _some(file, size)
    while len(data) < size and (more := _some(file, size - len(data))):
        data += more
    return data[:size]


def _some(file: BinaryIO, size: int) -> bytes:
    data = ask(file.read, size)
    if not isinstance(data, bytes):
        raise OSError(f"its read() returned a {type(data).__name__}, not bytes")
    return data
