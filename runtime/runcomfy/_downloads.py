"""Downloads over ``httpx.Client``: carries out the flow, and writes files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from ._crew import run_all
from ._downloads_common import (
    DownloadSettings,
    check_concurrency,
    conclude,
    end_of,
    failure_of,
    log_retry,
    log_saved,
)
from ._driver_common import plain_headers
from ._part import Memory, Part, Sink, Target
from .errors import ClientClosed
from .protocol.downloads import Drain, Drained, Fetch, Head, Open, download
from .protocol.messages import Failure, Sleep, Tick

if TYPE_CHECKING:
    import httpx

    from .files import OutputFile

__all__ = ["Downloads"]

ValueT = TypeVar("ValueT")
Tell = Callable[[int, int | None], object]

#: How much longer than to its deadline a call is waited for, so that it can report its own error.
_GRACE = 0.25


class Downloads:
    """Fetches files, each in a thread of its own, so that nothing keeps the caller beyond the deadline.

    The one of an open client keeps its connections. Any other opens some for each call: after the
    client was closed, or when a result was pickled, files can still be fetched.
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
        self._own: httpx.Client | None = None
        self._process = os.getpid()
        self._lock = Lock()

    def read(self, file: OutputFile, timeout: float | None, max_bytes: int | None) -> bytes:
        """The content of a file."""
        memory = Memory()

        def call(http: httpx.Client, stop: Event, fetch: Fetch) -> bytes:
            _Transfer(http, self.settings, file, stop).run(fetch, memory)
            return bytes(memory.content)

        outcome = self._call([file], [call], timeout, 1, max_bytes)[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def save(
        self,
        files: Sequence[OutputFile],
        targets: Sequence[Target],
        timeout: float | None,
        progress: Callable[[OutputFile, int, int | None], object] | None = None,
        concurrency: int = 1,
    ) -> list[Path]:
        """Save each file at its target; where they are then."""
        check_concurrency(concurrency)
        for target in targets:
            target.check()
        parts = [Part(target) for target in targets]

        def call(
            part: Part, file: OutputFile, http: httpx.Client, stop: Event, fetch: Fetch
        ) -> Path:
            tell = partial(progress, file) if progress else None
            try:
                _Transfer(http, self.settings, file, stop).run(fetch, part, tell)
                path = part.publish(fetch.content_type)
            finally:
                part.discard()
            log_saved(file, path)
            return path

        calls = [partial(call, part, file) for part, file in zip(parts, files, strict=True)]
        try:
            return conclude(files, self._call(files, calls, timeout, concurrency))
        finally:
            for part in parts:
                part.discard()  # those of calls that were left behind

    def close(self) -> None:
        """Close the connections that were kept. Calls under way end with an error."""
        with self._lock:
            self._keep = False
            own, self._own = self._own, None
        if own is not None:
            own.close()

    def _call(
        self,
        files: Sequence[OutputFile],
        calls: Sequence[Callable[[httpx.Client, Event, Fetch], ValueT]],
        timeout: float | None,
        concurrency: int,
        max_bytes: int | None = None,
    ) -> list[ValueT | Exception]:
        """What came of each call; those that have not ended in time give the flow's error for it."""
        ends, stop = end_of(timeout), Event()
        fetches = [self.settings.fetch(file, ends, max_bytes) for file in files]
        with self._http() as http:
            bound = [
                partial(call, http, stop, fetch) for call, fetch in zip(calls, fetches, strict=True)
            ]
            try:
                last = None if ends is None else ends + _GRACE
                outcomes = run_all(bound, concurrency, last, lambda: http.is_closed)
                closed = http.is_closed
            finally:
                stop.set()
        return [
            (_closed() if closed else fetch.out_of_time()) if outcome is None else outcome
            for fetch, outcome in zip(fetches, outcomes, strict=True)
        ]

    @contextmanager
    def _http(self) -> Iterator[httpx.Client]:
        """The client to fetch with: the caller's, the kept one of this process, or one for the call."""
        http = self._given or self._kept()
        if http is not None:
            yield http
        else:
            with self._new() as own:
                yield own

    def _kept(self) -> httpx.Client | None:
        with self._lock:
            if not self._keep:
                return None
            if self._own is None or self._process != os.getpid():
                # After a fork the connections belong to the parent; they are left alone.
                self._own, self._process = self._new(), os.getpid()
            return self._own

    def _new(self) -> httpx.Client:
        import httpx

        return httpx.Client(**self.settings.client())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.settings,)


class _Transfer:
    """One file on its way: does what the flow asks for."""

    def __init__(
        self, http: httpx.Client, settings: DownloadSettings, file: OutputFile, stop: Event
    ) -> None:
        self._http = http
        self._settings = settings
        self._file = file
        self._stop = stop
        self._response: httpx.Response | None = None

    def run(self, fetch: Fetch, sink: Sink, tell: Tell | None = None) -> None:
        """Run the flow to its end."""
        flow = download(fetch)
        reply: Any = None
        try:
            while True:
                try:
                    step = flow.send(reply)
                except StopIteration:
                    return
                if isinstance(step, Open):
                    reply = self._open(step)
                elif isinstance(step, Drain):
                    reply = self._drain(step, sink, tell)
                else:
                    reply = self._sleep(step)
        finally:
            self._drop()

    def _open(self, step: Open) -> Head | Failure:
        self._drop()
        self._check()
        try:
            request = self._http.build_request(**self._settings.arguments(step))
            self._response = self._http.send(
                request, stream=True, auth=None, follow_redirects=False
            )
        except Exception as error:  # noqa: BLE001  # its class decides by name; what is unknown is raised
            return failure_of(error)
        headers = plain_headers(self._response.headers)
        return Head(monotonic(), self._response.status_code, headers)

    def _drain(self, step: Drain, sink: Sink, tell: Tell | None) -> Drained:
        ends, received = end_of(step.timeout), step.start
        if self._response is None:
            return Drained(monotonic(), received, "nothing is open")
        sink.rewind(received)
        chunks = self._response.iter_raw()
        while received <= step.limit:
            try:
                chunk = next(chunks, None)
            except Exception as error:  # noqa: BLE001  # as in _open
                return Drained(monotonic(), received, failure_of(error).text)
            if chunk is None:
                break
            self._check()
            sink.write(chunk)
            received += len(chunk)
            if tell:
                tell(received, step.total)
            if ends is not None and monotonic() > ends:
                return Drained(monotonic(), received, "the timeout ran out")
        return Drained(monotonic(), received)

    def _sleep(self, step: Sleep) -> Tick:
        self._drop()
        log_retry(self._file, step)
        self._stop.wait(step.seconds)
        return Tick(monotonic())

    def _check(self) -> None:
        """Raise when the caller has left, or the client was closed."""
        if self._stop.is_set() or self._http.is_closed:
            raise _closed()

    def _drop(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            response.close()


def _closed() -> ClientClosed:
    return ClientClosed("the client was closed while a file was being fetched")
