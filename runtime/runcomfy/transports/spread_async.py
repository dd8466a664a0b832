"""The transport over many small pools of httpx: for trio, and for asyncio without ``runcomfy[fast]``."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import anyio
import httpx

from . import clients
from .gate import Gate

__all__ = ["AsyncSpreadTransport"]

#: Bytes that are sent at once; each piece has the time that one step may take.
_PIECE = 256 * 1024


class AsyncSpreadTransport(httpx.AsyncBaseTransport):
    """Sends each request over an idle pool of one connection, or a new one."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._idle: clients.Idle[httpx.AsyncHTTPTransport] = clients.Idle()
        self._all: set[httpx.AsyncHTTPTransport] = set()
        self._gate = Gate()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the body of the response is still to be read."""
        for expired in self._idle.expired():
            await self._close(expired)
        await self._gate.enter(request.extensions["timeout"]["pool"])
        pool = self._idle.take() or self._new()
        request.stream = _Content(request.content)
        try:
            response = await pool.handle_async_request(request)
        except BaseException:
            await self.drop(pool)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101  # for type checkers
        response.stream = _Body(self, pool, response.stream)
        return response

    async def aclose(self) -> None:
        """Close all connections; calls that wait for an answer end with an error."""
        self._gate.close()
        while self._all:
            await self._all.pop().aclose()

    def _new(self) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(max_connections=1, keepalive_expiry=clients.KEPT)
        pool = httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False, limits=limits)
        self._all.add(pool)
        return pool

    async def _close(self, pool: httpx.AsyncHTTPTransport) -> None:
        self._all.discard(pool)
        with anyio.CancelScope(shield=True):
            await pool.aclose()

    async def give_back(self, pool: httpx.AsyncHTTPTransport) -> None:
        """The call is over."""
        if pool in self._all:
            self._idle.put(pool)
        else:
            await self._close(pool)
        self._gate.leave()

    async def drop(self, pool: httpx.AsyncHTTPTransport) -> None:
        """The call was broken off, so nobody knows what state its pool is in."""
        try:
            await self._close(pool)
        finally:
            self._gate.leave()


class _Content(httpx.AsyncByteStream):
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
        owner: AsyncSpreadTransport,
        pool: httpx.AsyncHTTPTransport,
        stream: httpx.AsyncByteStream,
    ) -> None:
        self._owner = owner
        self._pool = pool
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__()

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        except BaseException:
            await self._owner.drop(self._pool)
            raise
        await self._owner.give_back(self._pool)
