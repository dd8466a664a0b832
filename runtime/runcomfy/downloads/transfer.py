"""``Transfer``: one file on its way over ``httpx.Client``."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any

from runcomfy.arguments import deadline
from runcomfy.protocol.download import Drain, Drained, Fetch, Head, Open, download
from runcomfy.protocol.steps import Failure, Sleep, Tick
from runcomfy.transports.config import HttpConfig, plain_headers

from .config import DownloadSettings, closed, log_retry
from .partial_file import Sink

if TYPE_CHECKING:
    import httpx

    from .file import File

__all__ = ["Tell", "Transfer"]

#: Called with the bytes received, and those of the whole file where they are known.
Tell = Callable[[int, int | None], object]


class Transfer:
    """Does what the flow of one file asks for. ``stop`` says that nobody waits for it any more."""

    def __init__(
        self, http: httpx.Client, settings: DownloadSettings, file: File, stop: Event
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
            return HttpConfig.failure(error)
        headers = plain_headers(self._response.headers)
        return Head(monotonic(), self._response.status_code, headers)

    def _drain(self, step: Drain, sink: Sink, tell: Tell | None) -> Drained:
        ends, received = deadline(step.timeout), step.start
        if self._response is None:
            return Drained(monotonic(), received, "nothing is open")
        sink.rewind(received)
        chunks = self._response.iter_raw()
        while received <= step.limit:
            try:
                chunk = next(chunks, None)
            except Exception as error:  # noqa: BLE001  # as in _open
                return Drained(monotonic(), received, HttpConfig.failure(error).text)
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
            raise closed()

    def _drop(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            response.close()
