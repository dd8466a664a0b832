"""What both transports over connections of httpcore need: requests as httpcore's, and its errors as httpx's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

__all__ = ["address", "as_httpcore", "as_httpx_errors", "check_open", "is_reusable"]


def address(url: httpx.URL) -> httpcore.URL:
    """The URL as httpcore's."""
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def as_httpcore(request: httpx.Request, trace: Callable[[str, Any], object]) -> httpcore.Request:
    """The request as httpcore's. ``trace`` is called with the name of each thing that is about to be done."""
    return httpcore.Request(
        request.method,
        address(request.url),
        headers=request.headers.raw,
        content=request.stream,
        extensions={**request.extensions, "trace": trace},
    )


def check_open(event: str, *, closed: bool) -> None:
    """Raise when the first byte is about to be sent and the client was closed while it connected."""
    if closed and event == "http11.send_request_headers.started":
        raise httpcore.ConnectError("the client was closed")


def is_reusable(connection: Any) -> bool:
    """Whether the connection waits for another request, and nothing came in after the last answer.

    httpcore itself would take that for the answer to the next request, and has no name for it.
    """
    return connection.is_idle() and not connection._connection._h11_state.trailing_data[0]


@contextmanager
def as_httpx_errors(request: httpx.Request) -> Iterator[None]:
    """httpcore's errors as httpx's, which have the same names."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise getattr(httpx, type(error).__name__)(str(error), request=request) from error
