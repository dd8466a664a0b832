"""Shared code of the two httpcore pools: requests, and whether a connection is reusable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpcore

from runcomfy.protocol.steps import Send

from .calls import Route
from .config import USER_AGENT, HttpConfig

__all__ = ["Pieces", "is_reusable", "origin_of", "request_of", "start_of"]

#: The size of the pieces of a request body; the timeout applies to each piece.
_PIECE = 256 * 1024

#: The moment before the first byte goes out.
_FIRST_BYTE = "http11.send_request_headers.started"


@lru_cache(maxsize=256)
def _url(url: str) -> httpcore.URL:
    """The URL for httpcore, cached because polls repeat the same URLs."""
    return httpcore.URL(url)


@lru_cache(maxsize=16)
def _host(base_url: str) -> str:
    return urlsplit(base_url).netloc.lower()


def origin_of(config: HttpConfig) -> httpcore.Origin:
    """The origin of the service."""
    return _url(config.base_url + "/").origin


def request_of(config: HttpConfig, send: Send, trace: Any) -> httpcore.Request:
    """The call as an httpcore request. ``trace`` is called with the name of each stage."""
    connect, read = config.steps(send)
    body = send.call.body
    headers = {"Host": _host(config.base_url), "User-Agent": USER_AGENT, **config.headers(send)}
    if body is not None or send.call.method == "POST":
        headers["Content-Length"] = str(len(body or b""))
    return httpcore.Request(
        send.call.method,
        _url(config.base_url + send.call.path),
        headers=list(headers.items()),
        content=Pieces(body or b""),
        extensions={
            "timeout": {"connect": connect, "read": read, "write": read},
            "trace": trace,
        },
    )


class Pieces:
    """The request body in chunks, sync and async. Not a generator: trio warns about abandoned ones."""

    def __init__(self, content: bytes) -> None:
        self._pieces = (content[at : at + _PIECE] for at in range(0, len(content), _PIECE))

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


def start_of(event: str, route: Route, *, closed: bool) -> None:
    """Before the first byte is sent: record it, or raise if the client was closed meanwhile."""
    if event == _FIRST_BYTE:
        if closed:
            raise httpcore.ConnectError("the client was closed")
        route.go()


def is_reusable(connection: Any) -> bool:
    """Whether the connection is idle, and no bytes arrived after the last response.

    httpcore would take them for the response to the next request, and has no public API to detect them.
    """
    return connection.is_idle() and not connection._connection._h11_state.trailing_data[0]
