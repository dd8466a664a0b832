"""Calls over an httpx-compatible client: the caller's, or the library's own behind a proxy or in a test."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from runcomfy.protocol.steps import Response, Send

from .body import Body
from .calls import Route
from .config import HttpConfig

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncHttpxCalls", "HttpxCalls", "async_pieces", "pieces"]


class HttpxCalls:
    """Makes calls over a blocking client."""

    #: An httpx client does not expose where an error occurred.
    knows_sent: ClassVar[bool] = False

    def __init__(self, config: HttpConfig, http: httpx.Client) -> None:
        self._config = config
        self._http = http
        self._url = _urls_for(http)

    def make(self, send: Send, route: Route) -> Response:
        """Send the call once, and return the response."""
        request = self._http.build_request(**self._config.arguments(send, self._url))
        route.go()
        response = self._http.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            route.take(partial(_end, response))
            body = Body(_packing(response))
            for piece in pieces(response):
                route.check()
                body.add(piece)
            content = body.finish()
        finally:
            route.release()
            response.close()
        return Response(monotonic(), response.status_code, response.headers, content)

    @property
    def is_closed(self) -> bool:
        """Whether the client is closed."""
        return self._http.is_closed

    def close(self) -> None:
        """Close the client."""
        self._http.close()


class AsyncHttpxCalls:
    """Makes calls over an asynchronous client."""

    knows_sent: ClassVar[bool] = False

    def __init__(self, config: HttpConfig, http: httpx.AsyncClient) -> None:
        self._config = config
        self._http = http
        self._url = _urls_for(http)

    async def make(self, send: Send, route: Route) -> Response:
        """Send the call once, and return the response."""
        request = self._http.build_request(**self._config.arguments(send, self._url))
        route.go()
        response = await self._http.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            body = Body(_packing(response))
            async for piece in async_pieces(response):
                body.add(piece)
            content = body.finish()
        finally:
            await response.aclose()
        return Response(monotonic(), response.status_code, response.headers, content)

    @property
    def is_closed(self) -> bool:
        """Whether the client is closed."""
        return self._http.is_closed

    async def aclose(self) -> None:
        """Close the client."""
        await self._http.aclose()


def _urls_for(http: object) -> Callable[[str], Any]:
    """What makes URLs for a client: texts, and for one of httpx's own classes parsed ones, since polls repeat them."""
    return _parsed if type(http).__module__.partition(".")[0] == "httpx" else str


@lru_cache(maxsize=256)
def _parsed(url: str) -> httpx.URL:
    import httpx

    return httpx.URL(url)


def _end(response: httpx.Response) -> None:
    """End the connection of a response for the thread that still reads it. The client stays open."""
    with suppress(
        OSError, AttributeError, KeyError, TypeError
    ):  # the client may have any transport
        if response.http_version != "HTTP/2":  # whose connections are shared by many calls
            connection = response.extensions["network_stream"].get_extra_info("socket")
            # Not the TLS socket's own method, after which the thread would continue without TLS.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


def pieces(response: httpx.Response) -> Iterator[bytes]:
    """The raw body. One that a hook or mock has already read is decoded and a single chunk."""
    return iter([response.content]) if response.is_stream_consumed else response.iter_raw()


def async_pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """``pieces`` for an asynchronous client."""
    return _Once(response.content) if response.is_stream_consumed else response.aiter_raw()


def _packing(response: httpx.Response) -> str | None:
    packing: str | None = response.headers.get("content-encoding")
    if packing and response.is_stream_consumed:
        Body(packing)  # it may have been packed in ways that are not taken
        return None
    return packing


class _Once(AsyncIterator[bytes]):
    """A single chunk. Not a generator: trio warns about abandoned ones."""

    def __init__(self, content: bytes) -> None:
        self._left = [content]

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()
