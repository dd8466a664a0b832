"""``ObjectStore``: uploads files to your own bucket and signs URLs for the service."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from runcomfy.buckets.opening import library, message_of, open_store
from runcomfy.errors import ConfigurationError, UploadFailed
from runcomfy.redaction import without_queries

from .upload_file import UploadFile

if TYPE_CHECKING:
    from runcomfy.buckets.opening import Store

__all__ = ["ObjectStore"]

_WEEK = 7 * 24 * 3600
#: A file of at most this size is sent in one request; a larger one in parts of this size, a few at once.
_PART = 8 * 1024 * 1024
_PARTS_AT_ONCE = 4
#: Seconds for which an object is taken to be there still: people delete, and buckets have rules that do.
_TRUSTED = 600.0
#: The number of uploaded names that are remembered.
_REMEMBERED = 1_000


class ObjectStore:
    """Uploads files to S3, Google Cloud Storage or Azure, and returns signed URLs to read them.

    ``store`` is a URL (``"s3://bucket/folder"``, ``"gs://…"``, ``"az://…"``), whose credentials are found in
    the same places as by the provider's own tools, or a store from ``obstore.store``, which accepts every
    setting. Objects are named by the SHA-256 of their content, below ``prefix``, so an existing file is not
    sent again. They are never deleted; set a lifecycle rule on the bucket. Anyone with a signed URL can read
    the file for ``expires`` seconds (at most a week); that has to cover the time in the queue.

    Needs the extra ``upload``. Raises ``ConfigurationError`` for a store that cannot be used.

    >>> client = Client(uploader=ObjectStore("s3://my-bucket/inputs", expires=6 * 3600))
    """

    def __init__(
        self, store: str | Store, *, prefix: str = "", expires: float = 24 * 3600.0
    ) -> None:
        if not 1 <= expires <= _WEEK:
            raise ConfigurationError(
                f"expires must be 1 to {_WEEK} seconds (a week), got {expires!r}"
            )
        self._obstore = library("Uploading files to an object store")
        self._store = open_store(store)
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._expires = timedelta(seconds=expires)
        #: Object name -> when it was last seen in the store.
        self._seen: dict[str, float] = {}
        self._locks: dict[str, Lock] = {}

    def __call__(self, file: UploadFile) -> str:
        """A signed URL of the file, which is uploaded unless it is in the store."""
        name = f"{self._prefix}{file.sha256}{file.ending}"
        try:
            with self._locks.setdefault(name, Lock()):  # the same file, from many calls at once
                if not self._is_there(name, file.size):
                    self._put(name, file)
                self._remember(name)
            url: str = self._obstore.sign(self._store, "GET", name, self._expires)
        except (self._obstore.exceptions.BaseError, OSError, ValueError) as error:
            raise UploadFailed(
                f"{file.label} could not be uploaded to {self!r}: {message_of(error)}; nothing was submitted"
            ) from None
        finally:
            self._locks.pop(name, None)
        return url

    def _is_there(self, name: str, size: int) -> bool:
        if monotonic() - self._seen.get(name, -_TRUSTED) < _TRUSTED:
            return True
        try:
            found = self._obstore.head(self._store, name)
        except FileNotFoundError:
            return False
        except (
            self._obstore.exceptions.PermissionDeniedError,
            self._obstore.exceptions.UnauthenticatedError,
        ):
            return False  # the credentials may allow writing but not reading; the upload decides
        return bool(found["size"] == size)

    def _remember(self, name: str) -> None:
        now = monotonic()
        if len(self._seen) >= _REMEMBERED:
            self._seen = {n: t for n, t in self._seen.items() if now - t < _TRUSTED}
        self._seen[name] = now

    def _put(self, name: str, file: UploadFile) -> None:
        pieces = _pieces(file)
        self._obstore.put(
            self._store,
            name,
            b"".join(pieces) if file.size <= _PART else pieces,
            attributes={"Content-Type": file.media_type},
            chunk_size=_PART,
            max_concurrency=_PARTS_AT_ONCE,
        )

    def __repr__(self) -> str:
        return f"ObjectStore({without_queries(str(self._store))}, prefix={self._prefix!r})"


def _pieces(file: UploadFile) -> Iterator[bytes]:
    """The content in chunks. Raises at the end if it does not match the digest in the name.

    If a piece raises, the store discards the upload.
    """
    digest = hashlib.sha256()
    with file.again() as content:
        while piece := content.read(1024 * 1024):
            digest.update(piece)
            yield piece
    if digest.hexdigest() != file.sha256:
        raise UploadFailed(
            f"{file.label} changed while it was being uploaded; nothing was submitted"
        )
