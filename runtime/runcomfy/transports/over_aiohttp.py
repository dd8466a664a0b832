"""The transport over aiohttp: for asyncio, when ``runcomfy[fast]`` is installed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import BytesIO

import aiohttp
import httpx
from multidict import CIMultiDict
from yarl import URL

from . import clients
from .gate import Gate

__all__ = ["AiohttpTransport"]

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


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends each request once over a session of aiohttp, which belongs to the running event loop.

    aiohttp sends a GET again when a kept connection turns out to be closed, a POST never.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._gate = Gate()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=clients.KEPT, ssl=tls),
            request_class=_Request,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # httpx does it
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=_LINE,
            max_field_size=_LINE,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the body of the response is still to be read."""
        await self._gate.enter(request)
        try:
            with _errors(request):
                response = await self._ask(request, request.content, request.extensions["timeout"])
        except BaseException:
            self._gate.leave()
            raise
        return _Response(
            response.status,
            headers=response.raw_headers,
            stream=_Body(response, request, self._gate),
            request=request,
        )

    async def _ask(
        self, request: httpx.Request, content: bytes, steps: dict[str, float | None]
    ) -> aiohttp.ClientResponse:
        return await self._session.request(
            request.method,
            URL(str(request.url), encoded=True),
            headers=CIMultiDict(request.headers.multi_items()),
            data=BytesIO(content) if len(content) > _BYTES else content or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                connect=steps["connect"],  # looking up the name, and trying all of its addresses
                sock_read=steps["read"],
            ),
        )

    async def aclose(self) -> None:
        """Close all connections; calls that wait for an answer end with an error."""
        self._gate.close()
        await self._session.close()


class _Request(aiohttp.ClientRequest):
    """Sends over clean connections only, and lets go of those that are stuck.

    aiohttp would take what came in unasked for the answer to the next request.
    """

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        if conn.protocol is None or conn.protocol.should_close:
            raise _Unclean("the kept connection was not clean; nothing was sent over it")
        if (stream := conn.transport) is not None:
            conn.add_callback(lambda: _let_go(stream))
        return await super().send(conn)


def _let_go(stream: asyncio.Transport) -> None:
    if stream.get_write_buffer_size():
        stream.abort()  # closing it would wait until the server has taken everything


class _Response(httpx.Response):
    """An answer whose body passes as it comes in, unless it has to be unpacked."""

    def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        if "content-encoding" in self.headers or not isinstance(self.stream, _Body):
            return super().aiter_bytes(chunk_size)
        return self.stream.__aiter__()


class _Body(httpx.AsyncByteStream):
    def __init__(
        self, response: aiohttp.ClientResponse, request: httpx.Request, gate: Gate
    ) -> None:
        self._response = response
        self._request = request
        self._gate = gate

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors(self._request):
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        # A connection whose answer was not read to its end is closed; the others are kept.
        self._response.close()
        self._gate.leave()


@contextmanager
def _errors(request: httpx.Request) -> Iterator[None]:
    """aiohttp's errors as httpx's."""
    try:
        yield
    except Exception as error:
        for kind, ours in _ERRORS:
            if isinstance(error, kind):
                raise ours(str(error) or type(error).__name__, request=request) from error
        raise
