"""``FileTransport``: carries out the steps of one file over ``httpx.Client``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from runcomfy.protocol.steps import Drain, Drained, Failure, Head, Open, Reply, Transfer
from runcomfy.transports.calls import Route, Work
from runcomfy.transports.config import plain_headers
from runcomfy.transports.failures import failure_of, words_of
from runcomfy.transports.httpx_calls import pieces

from .config import DownloadSettings, closed

if TYPE_CHECKING:
    import httpx

    from runcomfy.errors import ClientClosed

    from .targets import Sink

__all__ = ["FileTransport", "OnBytes"]

#: Called with the bytes received, and the total if known.
OnBytes = Callable[[int, int | None], object]


class FileTransport:
    """Opens a file and writes its body to a sink."""

    def __init__(
        self, http: httpx.Client, settings: DownloadSettings, sink: Sink, on_bytes: OnBytes | None
    ) -> None:
        self._http = http
        self._settings = settings
        self._sink = sink
        self._on_bytes = on_bytes
        self._response: httpx.Response | None = None
        self._received = 0

    def prepare(self, step: Transfer) -> Work:
        """The callable that opens the file or receives its body."""
        if isinstance(step, Open):
            return partial(self._open, step)
        assert isinstance(step, Drain)  # noqa: S101  # flows of files yield no other
        return partial(self._drain, step)

    def cut(self, step: Transfer, route: Route, why: str) -> Reply:  # noqa: ARG002  # as the seam has it
        """The reply for an abandoned step."""
        if isinstance(step, Drain):
            return Drained(monotonic(), self._received, why)
        return Failure(monotonic(), "response lost", why)

    def rest(self) -> None:
        """Close the current response."""
        response, self._response = self._response, None
        if response is not None:
            response.close()

    @property
    def is_over(self) -> bool:
        """Whether the client was closed."""
        return self._http.is_closed

    def closed(self) -> ClientClosed:
        """The error for a file whose client was closed."""
        return closed()

    def _open(self, step: Open, route: Route) -> Reply:
        self.rest()
        try:
            request = self._http.build_request(**self._settings.arguments(step))
            route.go()
            response = self._http.send(request, stream=True, auth=None, follow_redirects=False)
        except Exception as error:  # noqa: BLE001  # where it came up decides what it proves
            return failure_of(error, route, knows_sent=False)
        if route.left:
            response.close()
        self._response = response
        return Head(monotonic(), response.status_code, plain_headers(response.headers))

    def _drain(self, step: Drain, route: Route) -> Reply:
        self._received = step.start
        if self._response is None:
            return Drained(monotonic(), step.start, "nothing is open")
        self._sink.rewind(step.start)
        came: Iterator[bytes] = pieces(self._response)
        while self._received <= step.limit and not route.left:
            try:
                piece = next(came, None)
            except Exception as error:  # noqa: BLE001  # likewise
                return Drained(monotonic(), self._received, words_of(error))
            if piece is None:
                break
            self._sink.write(piece)
            self._received += len(piece)
            if self._on_bytes:
                self._on_bytes(self._received, step.total)
        return Drained(monotonic(), self._received, first=self._sink.first)
