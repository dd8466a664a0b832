"""The transport over many small pools of httpx: for trio, and for asyncio without ``runcomfy[fast]``."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import anyio
import httpx

from . import _transport

__all__ = ["AsyncSpreadTransport"]


class AsyncSpreadTransport(httpx.AsyncBaseTransport):
    """Sends each request over an idle pool of one connection, or a new one."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._idle: _transport.Idle[httpx.AsyncHTTPTransport] = _transport.Idle()
        self._all: set[httpx.AsyncHTTPTransport] = set()
        self._free = anyio.Semaphore(_transport.CONNECTIONS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the body of the response is still to be read."""
        for expired in self._idle.expired():
            await self._drop(expired)
        await self._wait(request)
        pool = self._idle.take() or self._new()
        try:
            response = await pool.handle_async_request(request)
        except BaseException:
            await self._drop(pool)
            self._free.release()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101  # for type checkers
        response.stream = _Body(self, pool, response.stream)
        return response

    async def aclose(self) -> None:
        """Close all connections; calls that wait for an answer end with an error."""
        while self._all:
            await self._all.pop().aclose()

    async def _wait(self, request: httpx.Request) -> None:
        """Until there is room for the call."""
        try:
            self._free.acquire_nowait()
        except anyio.WouldBlock:
            try:
                with anyio.fail_after(request.extensions["timeout"]["pool"]):
                    await self._free.acquire()
            except TimeoutError:
                told = f"all {_transport.CONNECTIONS} connections were in use"
                raise httpx.PoolTimeout(told, request=request) from None

    def _new(self) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(max_connections=1, keepalive_expiry=_transport.KEPT)
        pool = httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False, limits=limits)
        self._all.add(pool)
        return pool

    async def _drop(self, pool: httpx.AsyncHTTPTransport) -> None:
        self._all.discard(pool)
        with anyio.CancelScope(shield=True):
            await pool.aclose()

    def give_back(self, pool: httpx.AsyncHTTPTransport) -> None:
        """The call is over."""
        if pool in self._all:
            self._idle.put(pool)
        self._free.release()


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
        finally:
            self._owner.give_back(self._pool)
