"""``Downloads``: files over ``httpx.Client``, several at once, bounded by the deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from runcomfy.arguments import check_callback, deadline
from runcomfy.drivers.daemon_threads import call_all
from runcomfy.drivers.driver import Driver
from runcomfy.protocol.download import download
from runcomfy.protocol.download_context import Fetch
from runcomfy.redaction import Redactor
from runcomfy.transports.per_process import PerProcess

from .config import (
    DownloadSettings,
    check_concurrency,
    check_targets,
    closed,
    conclude,
    log_saved,
    tls_context,
)
from .file_transport import FileTransport, OnBytes
from .inline import take_inline
from .partial_file import Memory
from .targets import Part, PlaceT, Sink, Target

if TYPE_CHECKING:
    import httpx

    from .file import File

__all__ = ["Downloads"]

ValueT = TypeVar("ValueT")

#: Seconds of grace after the deadline, so that a call can report its own error.
_GRACE = 1.0


FileT = TypeVar("FileT", bound="File")


class Downloads:
    """Downloads files, each in its own thread, so that no call outlasts its deadline.

    With an open client, connections are kept. After the client was closed or the result was pickled, each call
    opens its own, so files can still be fetched.
    """

    def __init__(
        self,
        settings: DownloadSettings | None = None,
        http: httpx.Client | None = None,
        *,
        keep: bool = False,
    ) -> None:
        self.settings = settings or DownloadSettings()
        self._given = http
        self._keep = keep
        self._own = PerProcess(self._new)

    def read(self, file: File, timeout: float | None, max_bytes: int | None) -> bytes:
        """The content of a file."""
        memory = Memory()

        def call(http: httpx.Client, stop: Event, fetch: Fetch) -> bytes:
            self._fetch(http, stop, fetch, file, memory)
            return bytes(memory.content)

        outcome = self._call([file], [call], timeout, 1, max_bytes)[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def save(
        self,
        files: Sequence[FileT],
        targets: Sequence[Target[PlaceT]],
        timeout: float | None,
        progress: Callable[[FileT, int, int | None], object] | None = None,
        concurrency: int = 1,
    ) -> list[PlaceT]:
        """Save each file at its target, and return their places."""
        check_concurrency(concurrency)
        check_callback("progress", progress, blocking=True)
        check_targets(files, targets)
        parts = [target.part() for target in targets]

        def call(
            part: Part[PlaceT], file: FileT, http: httpx.Client, stop: Event, fetch: Fetch
        ) -> PlaceT:
            on_bytes = partial(progress, file) if progress else None
            try:
                self._fetch(http, stop, fetch, file, part, on_bytes)
                place = part.publish(fetch.content_type)
            finally:
                part.discard()
            log_saved(file, place)
            return place

        calls = [partial(call, part, file) for part, file in zip(parts, files, strict=True)]
        try:
            return conclude(files, self._call(files, calls, timeout, concurrency))
        finally:
            for part in parts:
                part.discard()  # those of calls that were left behind

    def close(self) -> None:
        """Close the idle connections. Calls in flight end with an error."""
        self._keep = False
        own = self._own.take()
        if own is not None:
            own.close()

    def _fetch(
        self,
        http: httpx.Client,
        stop: Event,
        fetch: Fetch,
        file: File,
        sink: Sink,
        on_bytes: OnBytes | None = None,
    ) -> None:
        """Fetch one file. ``stop`` is set when no caller waits for it."""
        if take_inline(fetch, sink):
            return
        transport = FileTransport(http, self.settings, sink, on_bytes)
        try:
            Driver(transport, Redactor(), stop).fetch(download(fetch), file.request_id)
        finally:
            transport.rest()

    def _call(
        self,
        files: Sequence[FileT],
        calls: Sequence[Callable[[httpx.Client, Event, Fetch], ValueT]],
        timeout: float | None,
        concurrency: int,
        max_bytes: int | None = None,
    ) -> list[ValueT | Exception]:
        """The outcome of each call; a call that missed the deadline yields its flow's timeout error."""
        ends, stop = deadline(timeout), Event()
        fetches = [self.settings.fetch(file, ends, max_bytes) for file in files]
        with self._http() as http:
            bound = [
                partial(call, http, stop, fetch) for call, fetch in zip(calls, fetches, strict=True)
            ]
            try:
                last = None if ends is None else ends + _GRACE
                outcomes = call_all(bound, concurrency, last, lambda: http.is_closed)
                left = http.is_closed
            finally:
                stop.set()
        return [
            (closed() if left else fetch.out_of_time()) if outcome is None else outcome
            for fetch, outcome in zip(fetches, outcomes, strict=True)
        ]

    @contextmanager
    def _http(self) -> Iterator[httpx.Client]:
        """The httpx client to use: the caller's, the cached one of this process, or a temporary one."""
        http = self._given or (self._own.get() if self._keep else None)
        if http is not None:
            yield http
        else:
            with self._new() as own:
                yield own

    def _new(self) -> httpx.Client:
        from runcomfy.transports.factory import httpx_client

        return httpx_client(self.settings.require_proxies(), tls_context())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.settings,)
