"""What both transports over connections of httpcore need: requests as httpcore's, and its errors as httpx's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpcore
import httpx

__all__ = ["address", "as_httpcore", "as_httpx_errors"]


def address(url: httpx.URL) -> httpcore.URL:
    """The URL as httpcore's."""
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def as_httpcore(request: httpx.Request) -> httpcore.Request:
    """The request as httpcore's."""
    return httpcore.Request(
        request.method,
        address(request.url),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


@contextmanager
def as_httpx_errors(request: httpx.Request) -> Iterator[None]:
    """httpcore's errors as httpx's, which have the same names."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise getattr(httpx, type(error).__name__)(str(error), request=request) from error
