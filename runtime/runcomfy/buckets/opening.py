"""Opening an object store by its URL, and its error messages without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from runcomfy.errors import BucketError, ConfigurationError, MissingExtra
from runcomfy.redaction import without_queries

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, S3Store

    Store = AzureStore | GCSStore | S3Store

__all__ = ["is_bucket_url", "library", "naming", "open_store", "message_of"]

_SCHEMES = ("s3://", "s3a://", "gs://", "az://", "azure://", "adl://", "abfs://", "abfss://")
_NAME = re.compile(r"[A-Za-z0-9._$-]+")
#: Advice for endpoints over http, which the library's own error lacks.
_ALLOW_HTTP = (
    ". The endpoint uses http, which must be enabled: set AWS_ALLOW_HTTP=true, or pass "
    'S3Store(…, client_options={"allow_http": True})'
)


def is_bucket_url(place: object) -> bool:
    """Whether this is a URL of an object store, such as ``s3://bucket/folder``."""
    return isinstance(place, str) and place.lower().startswith(_SCHEMES)


def library(what: str) -> Any:
    """The library for object stores. Raises ``MissingExtra``; ``what`` names the operation."""
    try:
        import obstore
        import obstore.exceptions
        import obstore.store
    except ImportError:
        raise MissingExtra(what, "upload") from None
    return obstore


def open_store(store: str | Store, **config: Any) -> Store:
    """The store at a URL, or the one that is given. Raises ``ConfigurationError`` for one that is of no cloud."""
    import obstore.exceptions
    from obstore.store import AzureStore, GCSStore, S3Store, from_url

    if isinstance(store, str):
        # Its overloads distinguish stores by their settings, not by the URL.
        open_url: Any = from_url
        s3 = store.lower().startswith("s3")
        try:
            opened: Any = open_url(store, **(config if s3 else {}))
        except (obstore.exceptions.BaseError, ValueError) as error:
            raise ConfigurationError(
                f"{without_queries(store)} cannot be opened as an object store: {message_of(error)}"
            ) from None
    else:
        opened = store
    if not isinstance(opened, (AzureStore, GCSStore, S3Store)):
        raise ConfigurationError(
            f"a {type(opened).__name__} cannot sign URLs that the service could read; use an S3Store, "
            "a GCSStore or an AzureStore"
        )
    name = str(opened.config.get("bucket") or opened.config.get("container_name") or "")
    if not _NAME.fullmatch(name):  # the library panics at some
        raise ConfigurationError(f"{name!r:.100} is not the name of a bucket")
    return opened


def message_of(error: Exception) -> str:
    """The first line of a library error; the rest contains URLs and many details."""
    first = without_queries(str(error).strip().partition("\n")[0])
    return f"{first or type(error).__name__}{_ALLOW_HTTP if 'BadScheme' in str(error) else ''}"


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Raise errors of the library as ``BucketError``: ``what`` could not be done, and why."""
    import obstore.exceptions

    try:
        yield
    except FileNotFoundError as error:
        raise BucketError(f"{what}: it does not exist ({message_of(error)})") from None
    except (obstore.exceptions.BaseError, OSError, ValueError) as error:
        if isinstance(error, BucketError):
            raise
        raise BucketError(f"{what}: {message_of(error)}") from None
