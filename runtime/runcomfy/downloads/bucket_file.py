"""``BucketFile``: a download that ends as an object of a bucket."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from threading import Lock

from runcomfy.buckets.bucket import Bucket, bucket_at, checked
from runcomfy.media.formats import HEAD, UNKNOWN, saved_name

from .filenames import free_names

__all__ = ["BucketFile", "BucketTarget"]

#: Bytes that stay in memory; a larger file goes to the disk until it is complete.
_IN_MEMORY = 8 * 1024 * 1024
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BucketTarget:
    """The place of a file in a bucket. With ``free`` the name is ours, and gets the extension of the content.

    Without ``overwrite``, an existing name of ours is replaced by a similar one, and ``check`` refuses any other
    existing name. Two concurrent writers of one name are not detected: give each its own name.
    """

    bucket: Bucket
    name: str
    overwrite: bool = False
    free: bool = True

    @classmethod
    def of(
        cls,
        bucket: Bucket | str,
        name: str | None,
        own: str,
        *,
        overwrite: bool,
        exact: bool = True,
    ) -> BucketTarget:
        """The place with the caller's name, or else with the file's ``own``."""
        place = bucket_at(bucket) if isinstance(bucket, str) else bucket
        return cls(
            place, checked(own if name is None else name), overwrite, free=name is None or not exact
        )

    def check(self) -> None:
        """Raise ``FileExistsError`` for an existing target, before anything is fetched."""
        if not self.overwrite and not self.free and self.bucket.head(self.name) is not None:
            url = self.bucket.url(self.name)
            raise FileExistsError(17, "object exists; pass overwrite=True to replace it", url)

    def part(self) -> BucketFile:
        """The file that is not complete yet."""
        return BucketFile(self)

    def settled(self, content_type: str, first: bytes) -> str:
        """The name for a file that begins like this."""
        name = saved_name(self.name, content_type, first) if self.free else self.name
        if self.overwrite or not self.free:
            return name
        return next(one for one in free_names(name) if self.bucket.head(one) is None)


class BucketFile:
    """A file on its way into a bucket: in memory while it is small, else in the system's temporary folder.

    Only a complete file is sent on, so a download that breaks off leaves nothing in the bucket, and the object
    has its length and SHA-256 from the start.
    """

    blocks = True

    def __init__(self, target: BucketTarget) -> None:
        self._target = target
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # closed by discard
        self._lock = Lock()
        self.first = b""

    def rewind(self, size: int) -> None:
        """Keep the first ``size`` bytes only."""
        with self._lock:
            self._file.truncate(size)
            self._file.seek(size)
            self.first = self.first[:size]

    def write(self, data: bytes) -> None:
        """Append a chunk."""
        with self._lock:
            if len(self.first) < HEAD:
                self.first += data[: HEAD - len(self.first)]
            self._file.write(data)

    def publish(self, content_type: str) -> str:
        """Write the complete file to the bucket; its URL."""
        name = self._target.settled(content_type, self.first)
        with self._lock:
            size, digest = self._facts()
            self._file.seek(0)
        media_type = content_type.partition(";")[0].strip() or UNKNOWN
        # Not under the lock: a caller that stops waiting discards the file, so that the write fails.
        return self._target.bucket.put(name, self._file, size, digest, media_type)

    def discard(self) -> None:
        """Delete the local file. A published object stays in the bucket."""
        with self._lock:
            self._file.close()

    def _facts(self) -> tuple[int, str]:
        """The size and the SHA-256 of the content."""
        digest, size = hashlib.sha256(), 0
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
        return size, digest.hexdigest()
