"""Whether httpx is patched, by a test that fakes the service or a tool that instruments calls."""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import Any

__all__ = ["is_patched"]

_LIBRARIES = ("httpx.", "httpcore.")


def is_patched() -> bool:
    """Whether pytest-httpx, respx, ``unittest.mock`` or a similar tool has patched the send functions.

    Our own connections would go past it, and a test would buy pictures.
    """
    return any(not _is_original(owner, name) for owner, name in _places())


@cache
def _places() -> tuple[tuple[type[Any], str], ...]:
    """The functions that such tools replace."""
    import httpcore
    import httpx

    return (
        (httpx.Client, "send"),
        (httpx.AsyncClient, "send"),
        (httpx.Client, "request"),
        (httpx.AsyncClient, "request"),
        (httpx.Client, "_transport_for_url"),
        (httpx.AsyncClient, "_transport_for_url"),
        (httpx.HTTPTransport, "handle_request"),
        (httpx.AsyncHTTPTransport, "handle_async_request"),
        (httpcore.ConnectionPool, "handle_request"),
        (httpcore.AsyncConnectionPool, "handle_async_request"),
        (httpcore.HTTPConnection, "handle_request"),
        (httpcore.AsyncHTTPConnection, "handle_async_request"),
    )


def _is_original(owner: type[Any], name: str) -> bool:
    """Whether a method is the library's own function. A missing method counts as original."""
    method = owner.__dict__.get(name)
    if method is None:
        return True
    if not isinstance(method, FunctionType):
        return False
    module: str = method.__globals__.get("__name__", "")
    return module.startswith(_LIBRARIES)
