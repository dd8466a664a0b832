"""``Bucket``: a place in an object store, to list, read and write."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from runcomfy.errors import BucketError, ConfigurationError
from runcomfy.redaction import without_queries

from .opening import is_bucket_url, library, message_of, naming, open_store

if TYPE_CHECKING:
    from .opening import Store

__all__ = ["Bucket", "ObjectInfo", "bucket_at", "checked"]

#: A file of at most this size is sent in one request; a larger one in parts of this size, a few at once.
_PART = 8 * 1024 * 1024
_PARTS_AT_ONCE = 4
#: The name of the object that is written to see whether a bucket accepts one.
_CHECK = "runcomfy-write-check"
#: The characters that make a name a pattern.
_WILD = re.compile(r"[*?\[]")
#: Prefixes of the environment variables with settings and credentials.
_SETTINGS = ("AWS_", "GOOGLE_", "AZURE_")
#: Store -> the scheme of its URLs, and the setting that names the bucket.
_URLS = {
    "S3Store": ("s3", "bucket"),
    "GCSStore": ("gs", "bucket"),
    "AzureStore": ("az", "container_name"),
}


class ObjectInfo(NamedTuple):
    """An object: its name in the bucket, its size in bytes, and its ETag."""

    name: str
    size: int
    mark: str | None


class Bucket:
    """A place in S3, Google Cloud Storage or Azure.

    ``store`` is a URL (``"s3://bucket/folder"``, ``"gs://…"``, ``"az://…"``), for which each process finds the
    credentials as the provider's own tools do, or a store made with ``obstore.store``. In S3, objects that are
    written are verified by their SHA-256, by the service.

    Needs the extra ``upload``. Raises ``ConfigurationError`` for a store that cannot be used, and its methods
    ``BucketError``.

    >>> client.job(request_id).result().files[0].put(Bucket("s3://my-bucket/results"))
    's3://my-bucket/results/8f14e45f-1-hat.png'
    """

    def __init__(self, store: str | Store) -> None:
        self._given = store
        self._library = library("Reading and writing buckets")
        if isinstance(store, str) and not is_bucket_url(store):
            raise ConfigurationError(
                f"{without_queries(store)} is not a bucket URL such as s3://bucket/folder"
            )
        self._store: Any = open_store(store, config={"checksum_algorithm": "SHA256"})

    def put(self, name: str, content: IO[bytes], size: int, sha256: str, media_type: str) -> str:
        """Write an object, replacing an existing one, and return its URL. A large one is sent in parts.

        The object appears completely or not at all. ``sha256``, in hexadecimal, is stored in its metadata.
        """
        name = checked(name)
        url = self.url(name)
        with naming(f"{url} could not be written"):
            self._library.put(
                self._store,
                name,
                content.read() if size <= _PART else content,
                attributes={"Content-Type": media_type, "sha256": sha256},
                chunk_size=_PART,
                max_concurrency=_PARTS_AT_ONCE,
            )
            there = self.head(name)
        if there is not None and there.size != size:
            raise BucketError(f"{url} has {there.size:,} bytes, but {size:,} were written")
        return url

    def require_writable(self) -> None:
        """Write a small object, and delete it if that is allowed. Raises ``BucketError`` if it cannot be written."""
        with naming(f"{self.url()} cannot be written to"):
            self._library.put(self._store, _CHECK, b"")
        with suppress(self._library.exceptions.BaseError, OSError):
            self._library.delete(self._store, _CHECK)

    def head(self, name: str) -> ObjectInfo | None:
        """The object of this name; ``None`` if it does not exist or is not accessible."""
        refused = self._library.exceptions
        try:
            with_facts = self._library.head(self._store, checked(name))
        except (FileNotFoundError, refused.PermissionDeniedError, refused.UnauthenticatedError):
            return None
        except (refused.BaseError, OSError, ValueError) as error:
            raise BucketError(
                f"{self.url(name)} could not be inspected: {message_of(error)}"
            ) from None
        return _found(with_facts)

    def list(self, pattern: str) -> Iterator[ObjectInfo]:
        """The objects whose names match, sorted: ``*`` matches anything but a slash, ``**`` also slashes."""
        wild = _WILD.search(pattern)
        folder = pattern[: wild.start()].rpartition("/")[0] if wild else pattern
        parts = pattern.split("/")
        with naming(f"{self.url(folder)} could not be listed"):
            pages = self._library.list(self._store, folder or None)
            found = [_found(one) for page in pages for one in page]
        return iter(sorted(one for one in found if _fits(one.name.split("/"), parts)))

    def read(self, found: ObjectInfo, start: int, stop: int) -> bytes:
        """Bytes of an object. Raises ``BucketError`` if it was deleted or replaced."""
        if start >= stop:
            return b""
        what = f"{self.url(found.name)} could not be read"
        options: dict[str, Any] = {"range": (start, stop)}
        if found.mark:
            options["if_match"] = found.mark
        try:
            with naming(what):
                answer = self._library.get(self._store, found.name, options=options)
                return bytes(answer.bytes())
        except BucketError as error:
            if "recondition" in str(error):
                raise BucketError(
                    f"{what}: it was replaced while it was being read; try again"
                ) from None
            raise

    def url(self, name: str = "") -> str:
        """The URL of an object: below the URL that was given, or that of the store."""
        base = self._given if isinstance(self._given, str) else _url_of(self._given)
        return f"{without_queries(base).rstrip('/')}/{name}".rstrip("/")

    def __repr__(self) -> str:
        return f"Bucket({self.url()!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (bucket_at if isinstance(self._given, str) else Bucket), (self._given,)


def bucket_at(url: str) -> Bucket:
    """The bucket at a URL, opened once per process: it keeps its connections and credentials.

    Changed settings in the environment, such as other credentials, open it again.
    """
    settings = {name: value for name, value in os.environ.items() if name.startswith(_SETTINGS)}
    return _opened(url, tuple(sorted(settings.items())))


@lru_cache(maxsize=8)
def _opened(url: str, _: tuple[tuple[str, str], ...]) -> Bucket:
    return Bucket(url)


def checked(name: str) -> str:
    """The name of an object. Raises ``ConfigurationError`` for one that would lead elsewhere or cannot be read."""
    parts = name.split("/")
    if not name.isprintable() or not all(part.strip(" ") and part.strip(".") for part in parts):
        raise ConfigurationError(f"{name!r:.200} is not a valid object name")
    return name


def _found(facts: Any) -> ObjectInfo:
    return ObjectInfo(facts["path"], facts["size"], facts["e_tag"])


def _fits(name: list[str], pattern: list[str]) -> bool:
    """Whether the parts of a name match those of a pattern; ``**`` matches any number of parts."""
    if not pattern:
        return not name
    if pattern[0] == "**":
        return any(_fits(name[start:], pattern[1:]) for start in range(len(name) + 1))
    return bool(name) and fnmatchcase(name[0], pattern[0]) and _fits(name[1:], pattern[1:])


def _url_of(store: Any) -> str:
    """The URL of a store that the caller created."""
    scheme, key = _URLS[type(store).__name__]
    return f"{scheme}://{store.config.get(key, '')}/{store.prefix or ''}"
