"""``AsyncTransfer``: one file on its way over ``httpx.AsyncClient``; it is written in threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import anyio
from anyio.to_thread import run_sync

from runcomfy.protocol.download import Drain, Drained, Fetch, Head, Open, download
from runcomfy.protocol.steps import Failure, Sleep, Tick
from runcomfy.transports.config import HttpConfig, plain_headers

from .config import DownloadSettings, closed, log_retry, log_saved
from .partial_file import PartialFile, SaveTarget, Sink

if TYPE_CHECKING:
    import httpx

    from .file import File

__all__ = ["AsyncTransfer", "Tell"]

#: Called with the bytes received, and those of the whole file where they are known.
Tell = Callable[[int, int | None], Awaitable[object] | object]

#: How much is written at once, in bytes: every write changes to another thread.
_PIECE = 256 * 1024

#: What a step may take beyond its timeout, so that httpx reports its own, more exact ones first.
_GRACE = 0.25


class AsyncTransfer:
    """Does what the flow of one file asks for."""

    def __init__(self, http: httpx.AsyncClient, settings: DownloadSettings, file: File) -> None:
        self._http = http
        self._settings = settings
        self._file = file
        self._response: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def save(self, fetch: Fetch, target: SaveTarget, tell: Tell | None) -> Path:
        """Fetch the file and put it in its place; nothing is left behind when that fails."""
        part = PartialFile(target)
        try:
            await self.run(fetch, part, tell)
            path = await run_sync(part.publish, fetch.content_type)
        finally:
            with anyio.CancelScope(shield=True):
                await run_sync(part.discard)
        log_saved(self._file, path)
        return path

    async def run(self, fetch: Fetch, sink: Sink, tell: Tell | None = None) -> None:
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
                    reply = await self._open(step)
                elif isinstance(step, Drain):
                    reply = await self._drain(step, sink, tell)
                else:
                    reply = await self._sleep(step)
        finally:
            with anyio.CancelScope(shield=True):
                await self._drop()

    async def _open(self, step: Open) -> Head | Failure:
        await self._drop()
        if self._http.is_closed:
            raise closed()
        with anyio.move_on_after(_limit(step.timeout)):
            try:
                request = self._http.build_request(**self._settings.arguments(step))
                self._response = await self._http.send(
                    request, stream=True, auth=None, follow_redirects=False
                )
            except Exception as error:  # noqa: BLE001  # its class decides by name; what is unknown is raised
                return HttpConfig.failure(error)
            headers = plain_headers(self._response.headers)
            return Head(monotonic(), self._response.status_code, headers)
        return Failure(monotonic(), "response lost", "the timeout ran out")

    async def _drain(self, step: Drain, sink: Sink, tell: Tell | None) -> Drained:
        received, broken = step.start, ""
        if self._response is None:
            return Drained(monotonic(), received, "nothing is open")
        await _do(sink, sink.rewind, received)
        waiting = bytearray()
        with anyio.move_on_after(_limit(step.timeout)) as scope:
            chunks = self._chunks = self._response.aiter_raw()
            while received <= step.limit:
                try:
                    chunk = await anext(chunks, None)
                except Exception as error:  # noqa: BLE001  # as in _open
                    broken = HttpConfig.failure(error).text
                    break
                if chunk is None:
                    break
                waiting += chunk
                received += len(chunk)
                if len(waiting) >= _PIECE:
                    await _do(sink, sink.write, bytes(waiting))
                    waiting.clear()
                told = tell(received, step.total) if tell else None
                if isinstance(told, Awaitable):
                    await told
        await _do(sink, sink.write, bytes(waiting))
        if scope.cancelled_caught:
            broken = "the timeout ran out"
        return Drained(monotonic(), received, broken)

    async def _sleep(self, step: Sleep) -> Tick:
        await self._drop()
        log_retry(self._file, step)
        await anyio.sleep(step.seconds)
        return Tick(monotonic())

    async def _drop(self) -> None:
        response, self._response = self._response, None
        chunks, self._chunks = self._chunks, None
        if response is not None:
            await response.aclose()
        if chunks is not None:
            # The iterators below this one end only when they are asked once more; trio warns of others.
            with suppress(Exception), anyio.move_on_after(_GRACE):
                async for _ in chunks:
                    pass


async def _do(sink: Sink, call: Callable[[Any], None], value: object) -> None:
    """Call a method of the sink, in another thread if it may take a while."""
    if sink.blocks:
        await run_sync(call, value)
    else:
        call(value)


def _limit(timeout: float | None) -> float:
    return inf if timeout is None else timeout + _GRACE
