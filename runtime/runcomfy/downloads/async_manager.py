"""``AsyncDownloads``: files over ``httpx.AsyncClient``, several at once, on asyncio and on trio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
from anyio.to_thread import run_sync

from runcomfy.arguments import check_callback, deadline

from .async_transfer import AsyncTransfer
from .config import DownloadSettings, check_concurrency, check_targets, conclude
from .partial_file import Memory, SaveTarget

if TYPE_CHECKING:
    import httpx

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
        self._own: WeakKeyDictionary[Any, httpx.AsyncClient] = WeakKeyDictionary()

    async def read(self, file: File, timeout: float | None, max_bytes: int | None) -> bytes:
        """The content of a file."""
        memory = Memory()
        fetch = self.settings.fetch(file, deadline(timeout), max_bytes)
        async with self._http() as http:
            await AsyncTransfer(http, self.settings, file).run(fetch, memory)
        return bytes(memory.content)

    async def save(
        self,
        files: Sequence[FileT],
        targets: Sequence[SaveTarget],
        timeout: float | None,
        progress: Callable[[FileT, int, int | None], Awaitable[object] | object] | None = None,
        concurrency: int = 1,
    ) -> list[Path]:
        """Save each file at its target; where they are then."""
        check_concurrency(concurrency)
        check_callback("progress", progress)
        ends, turns = deadline(timeout), anyio.Semaphore(concurrency)
        outcomes: list[Path | Exception] = [Path() for _ in files]
        await run_sync(check_targets, files, targets)

        async def one(http: httpx.AsyncClient, number: int) -> None:
            file = files[number]
            transfer = AsyncTransfer(http, self.settings, file)
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


def _this_loop() -> Any:
    return anyio.lowlevel.current_token().native_token
