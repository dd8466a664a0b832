"""Downloads over ``httpx.AsyncClient``: carries out the flow, and writes files in threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
from anyio.to_thread import run_sync

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

    from .files import AsyncOutputFile

__all__ = ["AsyncDownloads"]

Tell = Callable[[int, int | None], Awaitable[object] | object]

#: How much is written at once, in bytes: every write changes to another thread.
_PIECE = 256 * 1024

#: What a step may take beyond its timeout, so that httpx reports its own, more exact ones first.
_GRACE = 0.25


class AsyncDownloads:
    """``Downloads`` for ``AsyncClient``, on asyncio and on trio; each event loop has its connections."""

    def __init__(
        self,
        settings: DownloadSettings | None = None,
        http: httpx.AsyncClient | None = None,
        *,
        keep: bool = False,
    ) -> None:
        self.settings = settings or DownloadSettings()
        self._given = http
        self._keep = keep
        self._own: WeakKeyDictionary[Any, httpx.AsyncClient] = WeakKeyDictionary()

    async def read(
        self, file: AsyncOutputFile, timeout: float | None, max_bytes: int | None
    ) -> bytes:
        """The content of a file."""
        memory = Memory()
        fetch = self.settings.fetch(file, end_of(timeout), max_bytes)
        async with self._http() as http:
            await _Transfer(http, self.settings, file).run(fetch, memory)
        return bytes(memory.content)

    async def save(
        self,
        files: Sequence[AsyncOutputFile],
        targets: Sequence[Target],
        timeout: float | None,
        progress: Callable[[AsyncOutputFile, int, int | None], Awaitable[object] | object]
        | None = None,
        concurrency: int = 1,
    ) -> list[Path]:
        """Save each file at its target; where they are then."""
        check_concurrency(concurrency)
        ends, turns = end_of(timeout), anyio.Semaphore(concurrency)
        outcomes: list[Path | Exception] = [Path() for _ in files]
        for target in targets:
            await run_sync(target.check)

        async def one(http: httpx.AsyncClient, number: int) -> None:
            file = files[number]
            transfer = _Transfer(http, self.settings, file)
            tell = partial(progress, file) if progress else None
            async with turns:
                try:
                    fetch = self.settings.fetch(file, ends)
                    outcomes[number] = await transfer.save(fetch, targets[number], tell)
                except Exception as error:  # noqa: BLE001  # handed on by conclude
                    outcomes[number] = error

        async with self._http() as http:
            if len(files) == 1:
                await one(http, 0)
            else:
                async with anyio.create_task_group() as group:
                    for number in range(len(files)):
                        group.start_soon(one, http, number)
        return conclude(files, outcomes)

    async def close(self) -> None:
        """Close the connections that were kept on this event loop."""
        self._keep = False
        own = self._own.pop(_this_loop(), None)
        if own is not None:
            await own.aclose()

    @asynccontextmanager
    async def _http(self) -> AsyncIterator[httpx.AsyncClient]:
        """The client to fetch with: the caller's, the kept one of this loop, or one for the call."""
        if self._given is not None:
            yield self._given
        elif self._keep:
            own = self._own.get(_this_loop())
            if own is None:
                own = self._own[_this_loop()] = self._new()
            yield own
        else:
            async with self._new() as own:
                yield own

    def _new(self) -> httpx.AsyncClient:
        import httpx

        return httpx.AsyncClient(**self.settings.client())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.settings,)


class _Transfer:
    """One file on its way: does what the flow asks for."""

    def __init__(
        self, http: httpx.AsyncClient, settings: DownloadSettings, file: AsyncOutputFile
    ) -> None:
        self._http = http
        self._settings = settings
        self._file = file
        self._response: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def save(self, fetch: Fetch, target: Target, tell: Tell | None) -> Path:
        """Fetch the file and put it in its place; nothing is left behind when that fails."""
        part = Part(target)
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
            raise ClientClosed("the client was closed while a file was being fetched")
        with anyio.move_on_after(_limit(step.timeout)):
            try:
                request = self._http.build_request(**self._settings.arguments(step))
                self._response = await self._http.send(
                    request, stream=True, auth=None, follow_redirects=False
                )
            except Exception as error:  # noqa: BLE001  # its class decides by name; what is unknown is raised
                return failure_of(error)
            headers = plain_headers(self._response.headers)
            return Head(monotonic(), self._response.status_code, headers)
        return Failure(monotonic(), "answer lost", "the timeout ran out")

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
                    broken = failure_of(error).text
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


def _this_loop() -> Any:
    return anyio.lowlevel.current_token().native_token
