"""Whether httpx is patched, by a test that fakes the service or a tool that instruments calls."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from operator import is_
from types import FunctionType

from runcomfy.errors import ConfigurationError

__all__ = ["is_patched", "require_seen"]

_LIBRARIES = ("httpx", "httpcore", "aiohttp")
_CLASSES = ("Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport")


def is_patched() -> bool:
    """Whether pytest-httpx, respx, ``unittest.mock`` or a similar tool has patched the send functions.

    Our own connections would go past it, and a test would buy pictures.
    """
    if not _places:
        classes = _classes()
        if not all(_is_original(members.get(name), name) for members, name in classes):
            return True
        _places[:] = [*classes, *_methods()]
    found = [members.get(name) for members, name in _places]
    if _original and all(map(is_, found, _original)):  # as with the call before
        return False
    if not all(map(_is_original, found, [name for _, name in _places])):
        return True
    _original[:] = found
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


#: The live members of a class or module, and a name among them.
_Place = tuple[Mapping[str, object], str]

#: What such tools replace and our calls use, and the originals, compared at each call. Empty while a class is replaced.
_places: list[_Place] = []
_original: list[object] = []


def _classes() -> list[_Place]:
    import httpcore
    import httpx

    below = ("ConnectionPool", "AsyncConnectionPool", "SyncBackend", "AnyIOBackend", "TrioBackend")
    return [
        *((vars(httpx), name) for name in _CLASSES),
        *((vars(httpcore), name) for name in below),
    ]


def _methods() -> list[_Place]:
    import httpcore
    import httpx

    names = (
        "__init__",
        "build_request",
        "send",
        "request",
        "_send_single_request",
        "_send_handling_auth",
        "_send_handling_redirects",
        "_transport_for_url",
    )
    blocking = (
        httpx.HTTPTransport,
        httpcore.ConnectionPool,
        httpcore.HTTPConnection,
        httpcore.HTTP11Connection,
    )
    asynchronous = (
        httpx.AsyncHTTPTransport,
        httpcore.AsyncConnectionPool,
        httpcore.AsyncHTTPConnection,
        httpcore.AsyncHTTP11Connection,
    )
    clients = (httpx.Client, httpx.AsyncClient)
    backends = (httpcore.SyncBackend, httpcore.AnyIOBackend, httpcore.TrioBackend)
    return [
        *((vars(client), name) for client in clients for name in names),
        (vars(httpx.Client.__bases__[0]), "build_request"),
        *((vars(one), "handle_request") for one in blocking if isinstance(one, type)),
        *((vars(one), "handle_async_request") for one in asynchronous if isinstance(one, type)),
        *((vars(one), "__init__") for one in (httpx.HTTPTransport, httpx.AsyncHTTPTransport)),
        *((vars(one), "connect_tcp") for one in backends),
    ]


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
