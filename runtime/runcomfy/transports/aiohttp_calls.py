"""Calls over aiohttp: for asyncio, when ``runcomfy[fast]`` is installed."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache, partial
from io import BytesIO
from time import monotonic
from typing import ClassVar
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from runcomfy.protocol.steps import Response, Send

from . import connection_limits as limits
from .body import Body
from .call_limiter import Limiter, Waiter
from .calls import Route
from .config import CONTENT_TYPE, USER_AGENT, HttpConfig, headers_by_name

__all__ = ["AiohttpCalls"]

#: The longest header line in characters, as in httpx.
_LINE = 65_536

#: aiohttp advises against larger bodies as bytes.
_BYTES = 1024 * 1024


class _Unclean(aiohttp.ClientError):
    """Unexpected data arrived on a kept-alive connection, so nothing was sent on it."""


class AiohttpCalls:
    """Sends each call once over the aiohttp session of the running event loop.

    aiohttp sends a GET again when its connection turns out to be closed, a POST never.
    """

    knows_sent: ClassVar[bool] = True

    def __init__(self, config: HttpConfig, tls: ssl.SSLContext | None) -> None:
        self._config = config
        self._limiter = Limiter(_Turn)
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=limits.KEEPALIVE_EXPIRY,
                ssl=tls or True,
                socket_factory=self._socket,
            ),
            request_class=_Request,
            headers={"User-Agent": USER_AGENT, **config.headers_of_all()},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Content-Type",),
            max_line_size=_LINE,
            max_field_size=_LINE,
        )

    async def make(self, send: Send, route: Route) -> Response:
        """Send the call once, and return the response."""
        _route.set(route)
        if not self._limiter.enter_now():
            await self._limiter.enter(send.timeout)
        try:
            response = await self._exchange(send)
        except asyncio.CancelledError:
            route.break_off()
            task = asyncio.current_task()
            if not self._session.closed or task is None or task.cancelling():
                raise
            # Closing the session cancels aiohttp's own waits, such as DNS.
            raise ConnectionError("the client was closed") from None
        except BaseException:
            # aiohttp would wait for the other side to close a TLS connection cleanly.
            route.break_off()
            raise
        finally:
            self._limiter.leave()
        route.release()
        return response

    async def _exchange(self, send: Send) -> Response:
        call, content = send.call, send.call.body
        connect, read = self._config.steps(send)
        response = await self._session.request(
            call.method,
            _url(self._config.base_url + call.path),
            headers=None if content is None else CONTENT_TYPE,
            data=BytesIO(content) if content and len(content) > _BYTES else content,
            allow_redirects=False,
            # The time to connect includes DNS and trying all addresses.
            timeout=_timeouts(connect, read),
        )
        headers = headers_by_name(response.raw_headers)
        try:
            body = Body(headers.get("content-encoding"))
            while not response.content.at_eof():
                body.add(await response.content.readany())
            content = body.finish()
        finally:
            if not response.closed:  # as it is when it was read completely
                response.close()
        return Response(monotonic(), response.status, headers, content)

    @property
    def is_closed(self) -> bool:
        """Whether the session is closed."""
        return self._session.closed

    async def aclose(self) -> None:
        """Close all connections; waiting calls end with an error."""
        self._limiter.close()
        await self._session.close()

    def abandon(self) -> None:
        """Close all connections after the event loop was closed."""
        with suppress(StopIteration):  # without a loop, it waits for nothing
            self._session.close().send(None)
        for one in [*self._sockets]:
            one.close()

    def _socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        one = socket.socket(*address[:3])
        self._sockets.add(one)
        return one


@lru_cache(maxsize=256)
def _url(url: str) -> URL:
    """The parsed URL, cached because polls repeat the same URLs."""
    return URL(url, encoded=True)


@lru_cache(maxsize=16)
def _timeouts(connect: float, read: float) -> aiohttp.ClientTimeout:
    """The timeouts of steps, which are the same for most calls."""
    return aiohttp.ClientTimeout(connect=connect, sock_read=read)


#: The route of the call that the running task makes.
_route: ContextVar[Route] = ContextVar("_route")


class _Turn(Waiter):
    """A wait primitive like anyio's, at a third of the cost."""

    def __init__(self) -> None:
        self.given = False
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()

    def give(self) -> None:
        self.given = True
        self._end()

    async def wait(self, seconds: float | None) -> None:
        late = None if seconds is None else self._loop.call_later(seconds, self._end)
        try:
            await self._over
        finally:
            if late:
                late.cancel()

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)


class _Request(aiohttp.ClientRequest):
    """Sends on clean connections only, and aborts stuck ones.

    aiohttp would take unsolicited data for the response to the next request.
    """

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        if conn.protocol is None or conn.protocol.should_close:
            raise _Unclean("the kept-alive connection was not clean; nothing was sent over it")
        route = _route.get()
        if (stream := conn.transport) is None:
            route.go()
        else:
            route.go(stream.abort)
            conn.add_callback(partial(_let_go, stream, conn.protocol))
        return await super().send(conn)


def _let_go(stream: asyncio.Transport, protocol: ResponseHandler) -> None:
    """Abort a connection that is not reused: a clean close would wait for the server."""
    if protocol.should_close or stream.get_write_buffer_size():
        stream.abort()
