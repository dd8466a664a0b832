"""The transport over connections of httpcore, one for a call: for trio, and for asyncio without ``runcomfy[fast]``."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import anyio
import httpcore
import httpx

from . import limits
from .httpcore_bridge import address, as_httpcore, as_httpx_errors, check_open, is_reusable
from .limiter import Limiter

__all__ = ["AsyncPooledTransport"]

#: Bytes that are sent at once; each piece has the time that one step may take.
_PIECE = 256 * 1024


class AsyncPooledTransport(httpx.AsyncBaseTransport):
    """Sends each request over an idle connection, or a new one."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._idle: limits.IdleConnections[httpcore.AsyncHTTPConnection] = limits.IdleConnections()
        self._all: set[httpcore.AsyncHTTPConnection] = set()
        self._gate = Limiter()
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the body of the response is still to be read."""
        for late in self._idle.expired():
            await self._forget(late)
        await self._gate.enter(request.extensions["timeout"]["pool"])
        connection: httpcore.AsyncHTTPConnection | None = None
        request.stream = _RequestContent(request.content)
        try:
            connection = await self._take(request.url)
            with as_httpx_errors(request):
                response = await connection.handle_async_request(as_httpcore(request, self._trace))
            return httpx.Response(
                response.status,
                headers=response.headers,
                stream=_Body(self, connection, response, request),
                extensions=response.extensions,
            )
        except BaseException:
            await self.drop(connection)
            raise

    async def _trace(self, event: str, _: object) -> None:
        check_open(event, closed=self._closed)

    async def aclose(self) -> None:
        """Close all connections; calls that wait for an answer end with an error."""
        self._closed = True
        self._gate.close()
        while self._all:
            await self._all.pop().aclose()

    async def _take(self, url: httpx.URL) -> httpcore.AsyncHTTPConnection:
        while connection := self._idle.take():
            if not connection.has_expired():  # as it has when the server closed it
                return connection
            await self._forget(connection)
        connection = httpcore.AsyncHTTPConnection(
            address(url).origin, self._tls, keepalive_expiry=limits.KEEPALIVE_EXPIRY
        )
        if not self._closed:
            self._all.add(connection)
        return connection

    async def _forget(self, connection: httpcore.AsyncHTTPConnection) -> None:
        self._all.discard(connection)
        with anyio.CancelScope(shield=True):
            await connection.aclose()

    async def give_back(self, connection: httpcore.AsyncHTTPConnection) -> None:
        """The call is over."""
        try:
            if connection in self._all and is_reusable(connection):
                self._idle.put(connection)
            else:
                await self._forget(connection)
        finally:
            self._gate.leave()

    async def drop(self, connection: httpcore.AsyncHTTPConnection | None) -> None:
        """The call was broken off, so nobody knows what state its connection is in."""
        try:
            if connection is not None:
                await self._forget(connection)
        finally:
            self._gate.leave()


class _RequestContent(httpx.AsyncByteStream):
    """The body of a request in pieces. It is no generator: trio warns of one that an error left behind."""

    def __init__(self, content: bytes) -> None:
        self._pieces = (content[at : at + _PIECE] for at in range(0, len(content), _PIECE))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class _Body(httpx.AsyncByteStream):
    def __init__(
        self,
        owner: AsyncPooledTransport,
        connection: httpcore.AsyncHTTPConnection,
        response: httpcore.Response,
        request: httpx.Request,
    ) -> None:
        self._owner = owner
        self._connection = connection
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with as_httpx_errors(self._request):
            async for chunk in self._response.aiter_stream():
                yield chunk

    async def aclose(self) -> None:
        try:
            await self._response.aclose()
        except BaseException:
            await self._owner.drop(self._connection)
            raise
        await self._owner.give_back(self._connection)
