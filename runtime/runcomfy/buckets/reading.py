"""Objects as open files: read in pieces, at any place, never whole."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from runcomfy.errors import BucketError
from runcomfy.redaction import without_queries

from .bucket import Bucket, ObjectInfo, bucket_at
from .opening import library

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ObjectFile", "find_objects", "locate", "open_object"]

#: Bytes requested at once.
_AHEAD = 4 * 1024 * 1024


class ObjectFile(io.RawIOBase):
    """The bytes of an object. Raises ``BucketError`` if it is replaced while it is read."""

    def __init__(self, bucket: Bucket, found: ObjectInfo) -> None:
        self.bucket = bucket
        self.found = found
        self._place = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.found.size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def tell(self) -> int:
        """The place."""
        return self._place

    def readinto(self, buffer: object) -> int:
        """Read as much as fits."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # whoever reads gives a buffer
        stop = min(self._place + len(view), self.found.size)
        data = self.bucket.read(self.found, self._place, stop)
        view[: len(data)] = data
        self._place += len(data)
        return len(data)


def open_object(url: str) -> io.BufferedReader:
    """An object as an open file. Raises ``BucketError`` if it does not exist.

    >>> with open_object("s3://my-bucket/payloads.jsonl") as lines:
    ...     first = next(lines)
    """
    return io.BufferedReader(ObjectFile(*locate(url)), _AHEAD)


def locate(url: str) -> tuple[Bucket, ObjectInfo]:
    """The object at a URL, and its bucket. Raises ``BucketError`` if it does not exist."""
    bucket, name = _split(url)
    found = bucket.head(name)
    if found is None:
        raise BucketError(f"{url} could not be read: it does not exist, or you lack permission")
    return bucket, found


def find_objects(pattern: str) -> Iterator[tuple[str, ObjectInfo]]:
    """The objects that match, with their URLs: a name, a pattern with ``*`` and ``**``, or a folder with a slash at its end."""
    bucket, name = _split(pattern)
    if not name or name.endswith("/"):
        found = bucket.list(f"{name}**")
    elif there := bucket.head(name):
        found = iter([there])
    else:
        found = bucket.list(name)
    for one in found:
        yield bucket.url(one.name), one


def _split(url: str) -> tuple[Bucket, str]:
    """The bucket as a whole, and the name in it."""
    library(f"Reading {without_queries(url)}")
    scheme, _, rest = url.partition("://")
    place, _, name = rest.partition("/")
    return bucket_at(f"{scheme}://{place}"), name
