"""``AsyncPooledCalls``: ``PooledCalls`` for one event loop: on trio, and on asyncio without ``runcomfy[fast]``."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, ClassVar

import anyio
import httpcore
import sniffio

from runcomfy.protocol.steps import Response, Send

from . import connection_limits as limits
from .body import Body
from .call_limiter import Limiter
from .calls import Route
from .config import HttpConfig, headers_by_name
from .httpcore_bridge import is_reusable, origin_of, request_of, start_of
from .watched_backend import WatchedBackend

__all__ = ["AsyncPooledCalls"]


class AsyncPooledCalls:
    """Sends each call over an idle or a new connection."""

    knows_sent: ClassVar[bool] = True

    def __init__(self, config: HttpConfig, tls: ssl.SSLContext | None) -> None:
        self._config = config
        self._tls = tls
        self._idle: limits.IdleConnections[httpcore.AsyncHTTPConnection] = limits.IdleConnections()
        self._all: set[httpcore.AsyncHTTPConnection] = set()
        self._limiter = Limiter()
        self._closed = False
        self._make_whole: Callable[[Send, Route], Awaitable[Response]] = self._make
        if sniffio.current_async_library() == "trio":
            # Otherwise Ctrl-C may be raised between any two steps, and leak a connection or a slot.
            import trio

            @trio.lowlevel.enable_ki_protection
            async def whole(send: Send, route: Route) -> Response:
                return await self._make(send, route)

            self._make_whole = whole

    async def make(self, send: Send, route: Route) -> Response:
        """Send the call once, and return the response."""
        return await self._make_whole(send, route)

    async def _make(self, send: Send, route: Route) -> Response:
        for late in self._idle.expired():
            await self._forget(late)
        await self._limiter.enter(send.timeout)
        try:
            return await self._exchange(send, route)
        finally:
            self._limiter.leave()

    @property
    def is_closed(self) -> bool:
        """Whether the pool is closed."""
        return self._closed

    async def aclose(self) -> None:
        """Close all connections; waiting calls end with an error."""
        self._closed = True
        self._limiter.close()
        while self._all:
            await self._all.pop().aclose()

    async def _exchange(self, send: Send, route: Route) -> Response:
        async def trace(event: str, _: Any) -> None:
            start_of(event, route, closed=self._closed)

        connection = await self._take()
        try:
            request = request_of(self._config, send, trace)
            response = await connection.handle_async_request(request)
            headers = headers_by_name(response.headers)
            try:
                body = Body(headers.get("content-encoding"))
                async for piece in response.aiter_stream():
                    body.add(piece)
                content = body.finish()
            finally:
                await response.aclose()
        except BaseException:
            await self._forget(connection)
            raise
        if connection in self._all and is_reusable(connection):
            self._idle.put(connection)
        else:
            await self._forget(connection)
        return Response(monotonic(), response.status, headers, content)

    async def _take(self) -> httpcore.AsyncHTTPConnection:
        while connection := self._idle.take():
            if not connection.has_expired():  # as it has when the server closed it
                return connection
            await self._forget(connection)
        connection = httpcore.AsyncHTTPConnection(
            origin_of(self._config),
            self._tls,
            keepalive_expiry=limits.KEEPALIVE_EXPIRY,
            network_backend=WatchedBackend(),
        )
        if not self._closed:
            self._all.add(connection)
        return connection

    async def _forget(self, connection: httpcore.AsyncHTTPConnection) -> None:
        self._all.discard(connection)
        with anyio.CancelScope(shield=True):
            await connection.aclose()
