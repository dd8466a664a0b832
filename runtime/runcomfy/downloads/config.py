"""Shared code of blocking and asynchronous downloads: settings, arguments for httpx, log records, errors."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from runcomfy.errors import (
    ClientClosed,
    ConfigurationError,
    NotAllSaved,
    RequestError,
    resume_line,
)
from runcomfy.media.formats import is_error_text, is_media
from runcomfy.protocol.allowed_hosts import AllowedHosts
from runcomfy.protocol.download_context import Fetch
from runcomfy.protocol.retries import Retries
from runcomfy.protocol.steps import Open
from runcomfy.redaction import hidden, shown_url
from runcomfy.transports.config import log
from runcomfy.transports.proxies import Proxies
from runcomfy.transports.tls import trusted

if TYPE_CHECKING:
    import ssl

    from runcomfy.errors import UnsavedFile
    from runcomfy.redaction import Redactor

    from .file import File
    from .targets import PlaceT, Target

__all__ = [
    "MAX_FILE_BYTES",
    "SAVE_TIMEOUT",
    "DownloadSettings",
    "check_concurrency",
    "check_targets",
    "closed",
    "conclude",
    "log_saved",
    "tls_context",
]

#: The default maximum size of one file: 2 GiB.
MAX_FILE_BYTES = 2 * 1024**3

#: Seconds for a whole ``save`` or ``read``, retries included.
SAVE_TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class DownloadSettings:
    """The settings of downloads. They hold no token, so that results can be pickled."""

    hosts: AllowedHosts = field(default_factory=AllowedHosts.of)
    max_bytes: int = MAX_FILE_BYTES
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    retries: Retries = field(default_factory=Retries)
    #: Read from the environment and never pickled: a proxy's URL may contain a password.
    proxies: Proxies | None = field(default=None, repr=False, compare=False)
    #: The base of relative URLs in outputs.
    base_url: str = "https://model-api.runcomfy.net"
    #: Kept for ``redaction.hidden``, as long as there are files of the client.
    redact: Redactor | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if type(self.max_bytes) is not int or self.max_bytes < 1:
            raise ConfigurationError(
                f"max_file_bytes must be a number of bytes, at least 1, got {self.max_bytes!r:.80}"
            )

    def __reduce__(self) -> tuple[Any, ...]:
        given = (self.hosts, self.max_bytes, self.connect_timeout, self.read_timeout, self.retries)
        return type(self), given

    def require_proxies(self) -> Proxies:
        """The proxies for file hosts. Raises ``ConfigurationError`` as ``Proxies`` does."""
        return Proxies.of_environment() if self.proxies is None else self.proxies

    def fetch(self, file: File, ends: float | None, max_bytes: int | None = None) -> Fetch:
        """The initial state of a download; ``ends`` is its deadline on the monotonic clock."""
        return Fetch(
            file.url,
            self.max_bytes if max_bytes is None else max_bytes,
            file.kind,
            self.hosts,
            monotonic(),
            ends,
            self.retries,
            iter(random.random, None),
            file.request_id,
            file.model_id,
            is_media,
            partial(is_error_text, file.name),
        )

    def arguments(self, step: Open) -> dict[str, Any]:
        """The step as arguments of ``build_request``."""
        connect, read = (
            limit if step.timeout is None else min(limit, step.timeout)
            for limit in (self.connect_timeout, self.read_timeout)
        )
        return {
            "method": "GET",
            "url": step.url,
            "headers": dict(step.headers),
            "timeout": (connect, read, read, connect),  # connect, read, write, wait for the pool
        }


@cache
def tls_context() -> ssl.SSLContext:
    """The trusted certificates, read once because reading is slow."""
    return trusted()


def check_concurrency(concurrency: int) -> None:
    """Raise ``ValueError`` for a concurrency below 1."""
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, got {concurrency}")


def check_targets(files: Sequence[File], targets: Sequence[Target[object]]) -> None:
    """Raise ``FileExistsError`` for existing targets, before anything is fetched."""
    for file, target in zip(files, targets, strict=True):
        try:
            target.check()
        except OSError as error:
            _note_request(error, file)
            raise


def closed() -> ClientClosed:
    """The error for a file whose client was closed."""
    return ClientClosed("the client was closed while a file was being fetched")


def log_saved(file: File, place: object) -> None:
    """Log a saved file."""
    log.info("request %s: saved %s as %s", file.request_id, shown_url(file.url), place)


def conclude(files: Sequence[File], outcomes: Sequence[PlaceT | Exception]) -> list[PlaceT]:
    """The places, if all files were saved. Raises the error of a single file, or ``NotAllSaved``."""
    pairs = list(zip(files, outcomes, strict=True))
    failed = [(file, outcome) for file, outcome in pairs if isinstance(outcome, Exception)]
    saved = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    if not failed:
        return saved
    for file, error in failed:
        _note_request(error, file)
    (file, first), several = failed[0], len(files) > 1
    if not several:
        raise first
    reasons = "".join(f"\n  {_first_line(error)}" for _, error in failed)
    whole = NotAllSaved(
        f"{len(failed)} of {len(files)} files could not be saved; saved: "
        f"{', '.join(map(str, saved)) or 'none'}{reasons}",
        request_id=file.request_id,
        model_id=file.model_id,
    )
    whole.url, whole.saved = hidden(file.url), cast("list[Path]", saved)
    # These are output files, which have ``save``.
    whole.failed = cast("list[tuple[UnsavedFile, Exception]]", failed)
    raise whole from first


def _note_request(error: Exception, file: File) -> None:
    """Add a note with the file and its request to an error of the disk or a callback."""
    if not isinstance(error, RequestError):
        error.add_note(
            f"RunComfy request id {file.request_id}: {shown_url(file.url)} was not saved, and the service still "
            f"has it. To fetch the result again: {resume_line(file.request_id, file.model_id)}"
        )


def _first_line(error: Exception) -> str:
    text = error.message if isinstance(error, RequestError) else str(error)
    return text if isinstance(error, RequestError) else f"{type(error).__name__}: {text}"
