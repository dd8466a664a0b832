"""Calls over aiohttp: for asyncio, when ``runcomfy[fast]`` is installed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextvars import ContextVar
from functools import lru_cache
from io import BytesIO
from time import monotonic

import aiohttp
import httpx
from yarl import URL

from runcomfy.protocol.steps import Response, Send

from . import limits
from .config import CONTENT_TYPE, USER_AGENT, HttpConfig
from .failures import ResponseCut
from .limiter import Limiter, Waiter

__all__ = ["AiohttpCalls"]

#: Characters of a line of an answer's head; httpx takes as long ones.
_LINE = 65_536

#: aiohttp advises against larger bodies as bytes.
_BYTES = 1024 * 1024


class _Unclean(aiohttp.ClientError):
    """Something that nobody asked for came in over a kept connection, so nothing was sent over it."""


#: The errors of aiohttp, special ones first. Only those before the first byte was sent say that there
#: was no connection: whatever comes later may have reached the service, and a submit is then billed.
_ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (_Unclean, httpx.ConnectError),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (TimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (aiohttp.ClientError, httpx.ReadError),
    (OSError, httpx.ReadError),
)


class AiohttpCalls:
    """Sends each call once over a session of aiohttp, which belongs to the running event loop.

    aiohttp sends a GET again when its connection turns out to be closed, a POST never.
    """

    def __init__(self, config: HttpConfig, tls: ssl.SSLContext | None) -> None:
        self._config = config
        self._gate = Limiter(_Exchange)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=limits.KEEPALIVE_EXPIRY, ssl=tls or True
            ),
            request_class=_Request,
            headers={"User-Agent": USER_AGENT, **config.headers()},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # httpx does it
            skip_auto_headers=("Content-Type",),
            max_line_size=_LINE,
            max_field_size=_LINE,
        )

    async def make(self, send: Send) -> Response:
        """Send the call once: its answer. Raises the errors of httpx, and ``ResponseCut``."""
        way = _Route()
        _way.set(way)
        try:
            async with asyncio.timeout(self._config.limit(send)):
                await self._gate.enter(send.timeout)
                try:
                    return await self._exchange(send)
                except (aiohttp.ClientError, OSError) as error:
                    raise _as_httpx(error, sent=way.sent) from error
                finally:
                    self._gate.leave()
        except TimeoutError:
            if way.sent:
                raise ResponseCut("the timeout of the call ran out") from None
            raise httpx.ConnectTimeout("the timeout of the call ran out") from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._session.closed or task is None or task.cancelling():
                raise
            # Closing the session cancels what aiohttp itself waits for, such as the look-up of a name.
            kind = httpx.ReadError if way.sent else httpx.ConnectError
            raise kind("the client was closed") from None

    async def _exchange(self, send: Send) -> Response:
        call, content = send.call, send.call.body
        connect, read = self._config.steps(send)
        response = await self._session.request(
            call.method,
            _url(self._config.base_url + call.path),
            headers=None if content is None else CONTENT_TYPE,
            data=BytesIO(content) if content and len(content) > _BYTES else content,
            allow_redirects=False,
            # Connecting is looking up the name, and trying all of its addresses.
            timeout=aiohttp.ClientTimeout(connect=connect, sock_read=read),
        )
        headers = _by_name(response.raw_headers)
        try:
            body = await self._read(response, headers.get("content-encoding"))
        finally:
            # A connection whose answer was not read to its end is closed; the others are kept.
            response.close()
        return Response(monotonic(), response.status, headers, body)

    async def _read(self, response: aiohttp.ClientResponse, packing: str | None) -> bytes:
        self._config.check_packing(packing)
        chunks: AsyncIterable[bytes] = response.content.iter_any()
        if packing:
            packed = {"Content-Encoding": packing}
            chunks = httpx.Response(
                200, headers=packed, stream=_ResponseStream(chunks)
            ).aiter_bytes()
        body = bytearray()
        async for chunk in chunks:
            body += chunk
            self._config.check(len(body), None)
        return bytes(body)

    @property
    def is_closed(self) -> bool:
        """Whether the session is closed."""
        return self._session.closed

    async def aclose(self) -> None:
        """Close all connections; calls that wait for an answer end with an error."""
        self._gate.close()
        await self._session.close()


@lru_cache(maxsize=256)
def _url(url: str) -> URL:
    """The URL as httpx writes it; polls ask for the same ones again and again."""
    return URL(str(httpx.URL(url)), encoded=True)


def _by_name(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers by their names in lower case; those of one name are one, as httpx joins them."""
    headers: dict[str, str] = {}
    for given, value in raw:
        name, text = given.decode("latin-1").lower(), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


class _Route:
    """How far a call got."""

    sent = False
    """Whether the first byte may have gone out."""


#: That of the call which the running task makes.
_way: ContextVar[_Route] = ContextVar("_way")


class _Exchange(Waiter):
    """Waits as anyio does, in a third of the time."""

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
    """Sends over clean connections only, and lets go of those that are stuck.

    aiohttp would take what came in unasked for the answer to the next request.
    """

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        if conn.protocol is None or conn.protocol.should_close:
            raise _Unclean("the kept connection was not clean; nothing was sent over it")
        _way.get().sent = True
        if (stream := conn.transport) is not None:
            conn.add_callback(lambda: _let_go(stream))
        return await super().send(conn)


def _let_go(stream: asyncio.Transport) -> None:
    if stream.get_write_buffer_size():
        stream.abort()  # closing it would wait until the server has taken everything


class _ResponseStream(httpx.AsyncByteStream):
    """The body of an answer, for httpx to unpack."""

    def __init__(self, chunks: AsyncIterable[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks.__aiter__()


def _as_httpx(error: Exception, *, sent: bool) -> httpx.TransportError:
    """aiohttp's error as httpx's. Where nothing was sent, there was no connection, whatever it says."""
    kind = next(ours for theirs, ours in _ERRORS if isinstance(error, theirs))
    if not sent and kind in (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError):
        kind = httpx.ConnectError
    return kind(str(error) or type(error).__name__)
