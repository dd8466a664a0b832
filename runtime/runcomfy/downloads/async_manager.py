"""``AsyncDownloads``: files over ``httpx.AsyncClient``, several at once, on asyncio and on trio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from anyio.to_thread import run_sync

from runcomfy.arguments import check_callback, deadline
from runcomfy.drivers.async_driver import AsyncDriver
from runcomfy.protocol.download import download
from runcomfy.redaction import Redactor
from runcomfy.transports.event_loops import PerLoop

from .async_file_transport import AsyncFileTransport, AsyncOnBytes
from .config import (
    DownloadSettings,
    check_concurrency,
    check_targets,
    closed,
    conclude,
    log_saved,
    tls_context,
)
from .inline import take_inline
from .partial_file import Memory
from .targets import PlaceT, Sink, Target

if TYPE_CHECKING:
    import httpx

    from runcomfy.protocol.download_context import Fetch

    from .file import File

__all__ = ["AsyncDownloads"]


FileT = TypeVar("FileT", bound="File")


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
        self._own: PerLoop[httpx.AsyncClient] = PerLoop(self._new)

    async def read(self, file: File, timeout: float | None, max_bytes: int | None) -> bytes:
        """The content of a file."""
        memory = Memory()
        fetch = self.settings.fetch(file, deadline(timeout), max_bytes)
        async with self._http() as http:
            await self._fetch(http, fetch, file, memory)
        return bytes(memory.content)

    async def save(
        self,
        files: Sequence[FileT],
        targets: Sequence[Target[PlaceT]],
        timeout: float | None,
        progress: Callable[[FileT, int, int | None], Awaitable[object] | object] | None = None,
        concurrency: int = 1,
    ) -> list[PlaceT]:
        """Save each file at its target, and return their places."""
        check_concurrency(concurrency)
        check_callback("progress", progress)
        ends, turns = deadline(timeout), anyio.Semaphore(concurrency)
        outcomes: list[PlaceT | Exception] = [closed() for _ in files]
        await run_sync(check_targets, files, targets)

        async def one(http: httpx.AsyncClient, number: int) -> None:
            file = files[number]
            on_bytes = partial(progress, file) if progress else None
            async with turns:
                try:
                    fetch = self.settings.fetch(file, ends)
                    outcomes[number] = await self._save(
                        http, fetch, file, targets[number], on_bytes
                    )
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
        """Close the idle connections of this event loop."""
        self._keep = False
        await self._own.close()

    async def _save(
        self,
        http: httpx.AsyncClient,
        fetch: Fetch,
        file: File,
        target: Target[PlaceT],
        on_bytes: AsyncOnBytes | None,
    ) -> PlaceT:
        """Fetch the file and move it to its target; on failure, nothing remains."""
        part = target.part()
        try:
            await self._fetch(http, fetch, file, part, on_bytes)
            place = await run_sync(part.publish, fetch.content_type)
        finally:
            with anyio.CancelScope(shield=True):
                await run_sync(part.discard)
        log_saved(file, place)
        return place

    async def _fetch(
        self,
        http: httpx.AsyncClient,
        fetch: Fetch,
        file: File,
        sink: Sink,
        on_bytes: AsyncOnBytes | None = None,
    ) -> None:
        if await run_sync(take_inline, fetch, sink):
            return
        transport = AsyncFileTransport(http, self.settings, sink, on_bytes)
        try:
            await AsyncDriver(transport, Redactor()).fetch(download(fetch), file.request_id)
        finally:
            with anyio.CancelScope(shield=True):
                await transport.rest()

    @asynccontextmanager
    async def _http(self) -> AsyncIterator[httpx.AsyncClient]:
        """The httpx client to use: the caller's, the cached one of this event loop, or a temporary one."""
        if self._given is not None:
            yield self._given
        elif self._keep:
            yield await self._own.get()
        else:
            async with self._new() as own:
                yield own

    def _new(self) -> httpx.AsyncClient:
        from runcomfy.transports.factory import async_httpx_client

        return async_httpx_client(self.settings.require_proxies(), tls_context())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.settings,)
