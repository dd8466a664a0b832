"""Whether httpx is patched, by a test that fakes the service or a tool that instruments calls."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from operator import is_
from types import FunctionType
from typing import Any

__all__ = ["is_patched"]

_LIBRARIES = ("httpx.", "httpcore.")


def is_patched() -> bool:
    """Whether pytest-httpx, respx, ``unittest.mock`` or a similar tool has patched the send functions.

    Our own connections would go past it, and a test would buy pictures.
    """
    import httpx

    if not (_is_of_httpx(httpx.Client) and _is_of_httpx(httpx.AsyncClient)):
        return True
    found = [members.get(name) for members, name in _places()]
    if _original and all(map(is_, found, _original)):  # as with the call before
        return False
    if not all(map(_is_original, found)):
        return True
    _original[:] = found
    return False


#: The functions of an unpatched httpx, compared at each call.
_original: list[Any] = []


def _is_of_httpx(client: Any) -> bool:
    """Whether a client class of httpx is its own, and neither a mock nor a class of another library."""
    return isinstance(client, type) and client.__module__.partition(".")[0] == "httpx"


@cache
def _places() -> list[tuple[Mapping[str, object], str]]:
    """The places of the functions that such tools replace: the live members of a class, and a name."""
    import httpcore
    import httpx

    methods: list[tuple[type[Any], str]] = [
        (httpx.Client, "send"),
        (httpx.AsyncClient, "send"),
        (httpx.Client, "request"),
        (httpx.AsyncClient, "request"),
        (httpx.Client, "_send_single_request"),
        (httpx.AsyncClient, "_send_single_request"),
        (httpx.Client, "_send_handling_auth"),
        (httpx.AsyncClient, "_send_handling_auth"),
        (httpx.Client, "_send_handling_redirects"),
        (httpx.AsyncClient, "_send_handling_redirects"),
        (httpx.Client, "_transport_for_url"),
        (httpx.AsyncClient, "_transport_for_url"),
        (httpx.HTTPTransport, "handle_request"),
        (httpx.AsyncHTTPTransport, "handle_async_request"),
        (httpcore.ConnectionPool, "handle_request"),
        (httpcore.AsyncConnectionPool, "handle_async_request"),
        (httpcore.HTTPConnection, "handle_request"),
        (httpcore.AsyncHTTPConnection, "handle_async_request"),
        (httpcore.HTTP11Connection, "handle_request"),
        (httpcore.AsyncHTTP11Connection, "handle_async_request"),
    ]
    return [(owner.__dict__, name) for owner, name in methods]


def _is_original(method: object) -> bool:
    """Whether a method is the library's own function. A missing method counts as original."""
    if method is None:
        return True
    if not isinstance(method, FunctionType):
        return False
    module: str = method.__globals__.get("__name__", "")
    return module.startswith(_LIBRARIES)
