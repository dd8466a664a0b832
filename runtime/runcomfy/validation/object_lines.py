"""Lines of an object in a bucket, read in ranges of bytes: by this process in turn, or by several at once."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from runcomfy.buckets.reading import locate

from .bounded_lines import LONGEST
from .executor import ScanTask, scan_lines
from .row import RowsUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runcomfy.buckets.bucket import Bucket, ObjectInfo

    from .chunks import Chunk
    from .scanner import LineScan

__all__ = ["ObjectLines", "lines_that_start_in", "scan_object"]

#: Bytes of a range, and bytes requested to complete its last line.
_RANGE, _REST = 4 * 1024 * 1024, 256 * 1024


class ObjectLines:
    """Iterates over the lines of an object. ``chunks`` are its ranges, as work for other processes."""

    def __init__(self, bucket: Bucket, found: ObjectInfo) -> None:
        self._bucket = bucket
        self._found = found

    @classmethod
    def at(cls, url: str) -> ObjectLines:
        """The lines of the object at a URL. Raises ``BucketError`` if it does not exist."""
        return cls(*locate(url))

    def __iter__(self) -> Iterator[bytes]:
        for start, stop in self._ranges():
            yield from lines_that_start_in(self._bucket, self._found, start, stop)

    def chunks(self) -> Iterator[Chunk]:
        """A function for workers and its arguments, range by range."""
        for start, stop in self._ranges():
            yield scan_object, (self._bucket, self._found, start, stop)

    def _ranges(self) -> Iterator[tuple[int, int]]:
        size = self._found.size
        for start in range(0, size, _RANGE):
            yield start, min(start + _RANGE, size)


def scan_object(
    task: ScanTask, bucket: Bucket, found: ObjectInfo, start: int, stop: int
) -> LineScan:
    """Scan the lines that start in a range of an object."""
    return scan_lines(task, lines_that_start_in(bucket, found, start, stop))


def lines_that_start_in(bucket: Bucket, found: ObjectInfo, start: int, stop: int) -> list[bytes]:
    """The lines of an object that start in a range, the last one to its end. So each line is in one range."""
    # A line starts after a line feed, so the byte before the range is read as well.
    data = bucket.read(found, max(start - 1, 0), stop)
    if start:
        begin = data.find(b"\n") + 1
        if not begin:
            return []
        data = data[begin:]
    if not data:
        return []
    pieces = [data]
    while not pieces[-1].endswith(b"\n") and stop < found.size:
        piece = bucket.read(found, stop, min(stop + _REST, found.size))
        stop += len(piece)
        end = piece.find(b"\n") + 1
        pieces.append(piece[:end] if end else piece)
        if stop - start > LONGEST + _RANGE:
            raise RowsUnreadable(
                f"{bucket.url(found.name)} has a line of more than {LONGEST // 2**20} MiB before byte {stop:,}; each row "
                "must be on its own line"
            )
    return list(BytesIO(b"".join(pieces)))
