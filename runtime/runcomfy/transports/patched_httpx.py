"""Whether httpx is patched, by a test that fakes the service or a tool that instruments calls."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from operator import attrgetter
from types import FunctionType, ModuleType
from typing import Any

from runcomfy.errors import ConfigurationError

__all__ = ["is_patched", "require_seen"]

_LIBRARIES = ("httpx", "httpcore", "aiohttp")
_CLASSES = ("Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport")


def is_patched() -> bool:
    """Whether pytest-httpx, respx, ``unittest.mock`` or a similar tool has patched the send functions.

    Our own connections would go past it, and a test would buy pictures.
    """
    import httpcore
    import httpx

    try:
        found = (_of_httpx(httpx), _of_httpcore(httpcore))
    except AttributeError:  # a class is replaced, or another version has other members
        found = None
    if found is not None and found in _unpatched:  # as with the call before
        return False
    if not (_is_whole(httpx, _HTTPX) and _is_whole(httpcore, _HTTPCORE)):
        return True
    _unpatched[:] = [] if found is None else [found]
    return False


def require_seen() -> None:
    """Raise ``ConfigurationError`` if a test has patched what none of our calls uses: it would not stop us.

    To be called where ``is_patched`` is false.
    """
    for owner, members, name in _places_beside():
        # Looser than ``is_patched``: a wrapper that counts or logs calls has the name of the function's module.
        module = getattr(members.get(name), "__module__", None) or "httpx"
        if str(module).partition(".")[0] not in _LIBRARIES:
            raise ConfigurationError(
                f"{owner}.{name} is patched, which this client does not use; nothing was sent. In a test, use the "
                "fixture runcomfy_mock, or patch httpx.Client.send; elsewhere, pass http=httpx.Client()"
            )


_CLIENTS = ("Client", "AsyncClient")
_METHODS = (
    "__init__",
    "build_request",
    "send",
    "request",
    "_send_single_request",
    "_send_handling_auth",
    "_send_handling_redirects",
    "_transport_for_url",
)

#: What such tools replace and our calls use: classes and functions, by their names in the two libraries.
_HTTPX = (
    *_CLASSES,
    *(f"{client}.{name}" for client in _CLIENTS for name in _METHODS),
    "HTTPTransport.__init__",
    "HTTPTransport.handle_request",
    "AsyncHTTPTransport.__init__",
    "AsyncHTTPTransport.handle_async_request",
)
_HTTPCORE = (
    "ConnectionPool",
    "ConnectionPool.handle_request",
    "HTTPConnection.handle_request",
    "HTTP11Connection.handle_request",
    "AsyncConnectionPool",
    "AsyncConnectionPool.handle_async_request",
    "AsyncHTTPConnection.handle_async_request",
    "AsyncHTTP11Connection.handle_async_request",
    *("SyncBackend", "SyncBackend.connect_tcp"),
    *("AnyIOBackend", "AnyIOBackend.connect_tcp"),
    *("TrioBackend", "TrioBackend.connect_tcp"),
)
_of_httpx = attrgetter(*_HTTPX)
_of_httpcore = attrgetter(*_HTTPCORE)

#: What an unpatched httpx and httpcore have there; compared at each call.
_unpatched: list[tuple[Any, Any]] = []


def _is_whole(library: ModuleType, names: Iterable[str]) -> bool:
    """Whether everything with these names is the library's own."""
    for dotted in names:
        owner, _, name = dotted.rpartition(".")
        holder = getattr(library, owner, None) if owner else library
        if owner and not (isinstance(holder, type) and _is_original(holder, owner)):
            continue  # replaced where our calls do not look, which ``require_seen`` refuses
        if not _is_original(getattr(holder, name, None), name):
            return False
    return True


def _places_beside() -> list[tuple[str, Mapping[str, object], str]]:
    """The places that stop other programs' calls, but not all of ours, each with the name of its owner."""
    import httpcore
    import httpx

    inside = httpx.Client.send.__module__
    below = ("HTTPConnection", "AsyncHTTPConnection", "HTTP11Connection", "AsyncHTTP11Connection")
    session = getattr(sys.modules.get("aiohttp"), "ClientSession", None)
    return [
        *([("aiohttp.ClientSession", vars(session), "post")] if isinstance(session, type) else []),
        *(("httpx", vars(httpx), name) for name in ("post", "request")),
        *((inside, vars(sys.modules[inside]), name) for name in _CLASSES),
        *(("httpcore", vars(httpcore), name) for name in below),
        *(
            (f"httpx.{client.__name__}", vars(client), name)
            for client in (httpx.Client, httpx.AsyncClient)
            for name in ("post", "_init_transport")
        ),
    ]


def _is_original(member: object, name: str) -> bool:
    """Whether a class or function is the library's own. A missing one counts as original."""
    if member is None:
        return True
    if isinstance(member, type):
        module = member.__module__ if member.__name__ == name else ""
    elif isinstance(member, FunctionType):
        module = member.__globals__.get("__name__", "")
    else:
        return False
    return module.partition(".")[0] in _LIBRARIES
