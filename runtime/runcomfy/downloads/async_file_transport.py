"""``AsyncFileTransport``: ``FileTransport`` over ``httpx.AsyncClient``; writes in threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import anyio
from anyio.to_thread import run_sync

from runcomfy.protocol.steps import Drain, Drained, Failure, Head, Open, Reply, Transfer
from runcomfy.transports.calls import AsyncWork, Route
from runcomfy.transports.config import plain_headers
from runcomfy.transports.failures import failure_of, words_of
from runcomfy.transports.httpx_calls import async_pieces

from .config import DownloadSettings, closed

if TYPE_CHECKING:
    import httpx

    from runcomfy.errors import ClientClosed

    from .targets import Sink

__all__ = ["AsyncFileTransport", "AsyncOnBytes"]

#: Called with the bytes received, and the total if known.
AsyncOnBytes = Callable[[int, int | None], Awaitable[object] | object]

#: How much is written at once, in bytes: every write changes to another thread.
_PIECE = 256 * 1024

#: Seconds for the iterators of a response to end.
_END = 0.25


class AsyncFileTransport:
    """Opens a file and writes its body to a sink."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        settings: DownloadSettings,
        sink: Sink,
        on_bytes: AsyncOnBytes | None = None,
    ) -> None:
        self._http = http
        self._settings = settings
        self._sink = sink
        self._on_bytes = on_bytes
        self._response: httpx.Response | None = None
        self._came: AsyncIterator[bytes] | None = None
        self._received = 0

    async def prepare(self, step: Transfer) -> AsyncWork:
        """The callable that opens the file or receives its body."""
        if self._http.is_closed:
            raise closed()
        if isinstance(step, Open):
            return partial(self._open, step)
        assert isinstance(step, Drain)  # noqa: S101  # flows of files yield no other
        return partial(self._drain, step)

    def cut(self, step: Transfer, route: Route, why: str) -> Reply:  # noqa: ARG002  # as the seam has it
        """The reply for an abandoned step."""
        if isinstance(step, Drain):
            return Drained(monotonic(), self._received, why)
        return Failure(monotonic(), "response lost", why)

    async def rest(self) -> None:
        """Close the current response."""
        response, self._response = self._response, None
        came, self._came = self._came, None
        if response is not None:
            await response.aclose()
        if came is not None:
            # The inner iterators end only after one more step; trio warns about unfinished ones.
            with suppress(Exception), anyio.move_on_after(_END):
                async for _ in came:
                    pass

    def closed(self) -> ClientClosed:
        """The error for a file whose client was closed."""
        return closed()

    async def _open(self, step: Open, route: Route) -> Reply:
        await self.rest()
        try:
            request = self._http.build_request(**self._settings.arguments(step))
            route.go()
            response = await self._http.send(
                request, stream=True, auth=None, follow_redirects=False
            )
        except Exception as error:  # noqa: BLE001  # where it came up decides what it proves
            return failure_of(error, route, knows_sent=False)
        self._response = response
        return Head(monotonic(), response.status_code, plain_headers(response.headers))

    async def _drain(self, step: Drain, _: Route) -> Reply:
        self._received = step.start
        broken = ""
        if self._response is None:
            return Drained(monotonic(), step.start, "nothing is open")
        await self._do(self._sink.rewind, step.start)
        waiting = bytearray()
        came = self._came = async_pieces(self._response)
        while self._received <= step.limit:
            try:
                piece = await anext(came, None)
            except Exception as error:  # noqa: BLE001  # likewise
                broken = words_of(error)
                break
            if piece is None:
                break
            waiting += piece
            self._received += len(piece)
            if len(waiting) >= _PIECE:
                await self._do(self._sink.write, bytes(waiting))
                waiting.clear()
            answer = self._on_bytes(self._received, step.total) if self._on_bytes else None
            if isinstance(answer, Awaitable):
                await answer
        await self._do(self._sink.write, bytes(waiting))
        return Drained(monotonic(), self._received, broken, self._sink.first)

    async def _do(self, call: Callable[[Any], None], value: object) -> None:
        """Call a method of the sink, in another thread if it may block."""
        if self._sink.blocks:
            await run_sync(call, value)
        else:
            call(value)
