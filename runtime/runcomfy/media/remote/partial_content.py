"""``PartialContent``: a file of which only some ranges are available."""

from __future__ import annotations

from io import SEEK_CUR, SEEK_END, SEEK_SET

from runcomfy.media.probe import NeedBytes

__all__ = ["PartialContent"]

#: The size that a file of unknown size is taken to have.
_ENDLESS = 2**40


class PartialContent:
    """A readable binary file that raises ``NeedBytes`` for missing ranges.

    >>> file = PartialContent(size=100)
    >>> file.add(0, b"abc")
    >>> file.read(3)
    b'abc'
    >>> file.read(3)
    Traceback (most recent call last):
        ...
    NeedBytes: bytes 3 to 6 are not available
    """

    def __init__(self, size: int | None = None) -> None:
        self.size = size
        self._parts: dict[int, bytearray] = {}
        self._position = 0

    @property
    def held(self) -> int:
        """The number of available bytes."""
        return sum(map(len, self._parts.values()))

    def add(self, start: int, data: bytes | bytearray) -> None:
        """Add bytes at offset ``start``."""
        for begin, part in self._parts.items():
            if begin + len(part) == start:
                self._parts[begin] += data
                return
        self._parts[start] = bytearray(data)

    def has(self, position: int) -> bool:
        """Whether the byte at the position is available."""
        return any(begin <= position < begin + len(part) for begin, part in self._parts.items())

    def read(self, size: int | None = -1) -> bytes:
        """The next ``size`` bytes, all the rest by default, fewer only at the end of the file."""
        end = _ENDLESS if self.size is None else self.size
        if size is not None and size >= 0:
            end = min(end, self._position + size)
        data = bytearray()
        while self._position + len(data) < end:
            more = self._from(self._position + len(data), end)
            if not more:
                raise NeedBytes(self._position + len(data), end)
            data += more
        self._position += len(data)
        return bytes(data)

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Set the position, as ``io.IOBase.seek`` does."""
        base = {SEEK_SET: 0, SEEK_CUR: self._position}.get(whence)
        if base is None:
            if whence != SEEK_END:
                raise ValueError(f"whence must be 0, 1 or 2, got {whence}")
            base = _ENDLESS if self.size is None else self.size
        if base + offset < 0:
            raise OSError("a position before the start of the file")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """The current position."""
        return self._position

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def _from(self, start: int, stop: int) -> bytes:
        for begin, part in self._parts.items():
            if begin <= start < begin + len(part):
                return bytes(part[start - begin : stop - begin])
        return b""
