"""Reading a file on disk in byte ranges of whole lines.

A range is read at its place and in one piece. So several processes can share an open file, and a line
costs less than half of what the file's own buffer takes for it.
"""

from __future__ import annotations

import os
from io import BufferedReader, BytesIO, FileIO
from stat import S_ISREG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeGuard

    #: Where a range begins and where it ends.
    Range = tuple[int, int]

__all__ = ["lines_in", "on_disk", "ranges", "remaining"]

#: Bytes of a range, up to the end of a line: few enough to stay in the processor's cache. The last ones
#: are shorter, so that processes that share a file are done at the same time.
_SIZE, _LEAST = 2**18, 2**14


def on_disk(lines: object) -> TypeGuard[BufferedReader]:
    """Whether these are the bytes of a file that can be read at any place."""
    # What reads through another object, such as one that unpacks, has other bytes than its file.
    return (
        os.name == "posix"
        and isinstance(lines, BufferedReader)
        and type(lines.raw) is FileIO
        and S_ISREG(os.fstat(lines.fileno()).st_mode)
    )


def remaining(file: BufferedReader) -> int:
    """How many bytes there are from where the file was read to."""
    return os.fstat(file.fileno()).st_size - file.tell()


def ranges(
    file: BufferedReader,
    most: int = _SIZE,
    least: int = _LEAST,
    parts: int = 16,
    end: int | None = None,
) -> Iterator[Range]:
    """Ranges from where the file was read to, up to its end, or to ``end``; it is left where the last one ends.

    Up to the end of a line, none is longer than ``most``, nor than one of so many ``parts`` of what is left, unless
    that is less than ``least``.
    """
    start = file.tell()
    while start < (size := os.fstat(file.fileno()).st_size if end is None else end):
        file.seek(start + min(most, max(least, (size - start) // parts)))
        file.readline()
        stop = min(file.tell(), size)
        file.seek(stop)
        yield start, stop
        start = stop


def lines_in(file: int, where: Range) -> Iterable[bytes]:
    """The lines of a range of the open file."""
    start, stop = where
    data = os.pread(file, stop - start, start)
    while len(data) < stop - start and (
        more := os.pread(file, stop - start - len(data), start + len(data))
    ):
        data += more
    return BytesIO(data)
