"""An asynchronous httpcore network backend that sees a response while the request is still being sent."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any, cast

import anyio
import httpcore
import sniffio

from .early_answers import EarlyAnswer

__all__ = ["WatchedBackend"]

#: Bytes that are sent without a look: so many find room in the system's buffers.
_UNWATCHED = 32 * 1024

#: Seconds that the next part of a refusal is waited for.
_PATIENCE = 0.5


class WatchedBackend(httpcore.AsyncNetworkBackend):
    """Connects as httpcore does."""

    def __init__(self) -> None:
        trio = sniffio.current_async_library() == "trio"
        plain = httpcore.TrioBackend() if trio else httpcore.AnyIOBackend()
        # Without their libraries these two are other classes, which pyright takes into account.
        self._plain = cast("httpcore.AsyncNetworkBackend", plain)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection."""
        return _WatchedStream(
            await self._plain.connect_tcp(host, port, timeout, local_address, socket_options)
        )


class _WatchedStream(httpcore.AsyncNetworkStream):
    def __init__(self, plain: httpcore.AsyncNetworkStream) -> None:
        self._plain = plain
        self._early = EarlyAnswer()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._early.take(max_bytes) or await self._plain.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send the bytes. After ``WriteError`` httpcore reads the response."""
        if len(buffer) <= _UNWATCHED or not self._early.room:
            await self._plain.write(buffer, timeout)
            return
        failures: list[Exception] = []
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch, group.cancel_scope)
            try:
                await self._plain.write(buffer, timeout)
            except Exception as error:  # noqa: BLE001  # raised below, and not in a group
                failures.append(error)
            group.cancel_scope.cancel()
        if self._early.settles or (failures and self._early):
            raise httpcore.WriteError("the response came before the request was sent")
        if failures:
            raise failures[0]

    async def _watch(self, writing: anyio.CancelScope) -> None:
        """Read what comes meanwhile, and stop the writing where that makes it useless.

        A stream of TLS is broken when its writing is stopped, so the rest of the response is read before.
        """
        while self._early.room and not self._early.is_whole:
            try:
                patience = _PATIENCE if self._early.settles else None
                self._early.add(await self._plain.read(self._early.room, patience))
            except Exception:  # noqa: BLE001  # nothing more came, or who writes next will meet it
                break
        if self._early.settles:
            writing.cancel()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _WatchedStream(await self._plain.start_tls(ssl_context, server_hostname, timeout))

    async def aclose(self) -> None:
        await self._plain.aclose()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._early:
            return True  # of what nobody asked for, so that the connection is not used again
        return self._plain.get_extra_info(info)
