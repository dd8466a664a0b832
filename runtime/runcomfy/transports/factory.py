"""What the drivers send with when no client is given: for many calls at once.

httpx's own connection pool does work for every connection with every call, so hundreds of calls at
once spend their time there. With ``runcomfy[fast]``, aiohttp makes the calls on asyncio; elsewhere, clients
of httpx do it, whose transport keeps single connections. Where the environment names a proxy, httpx's
own transport is used.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Iterator
from importlib.util import find_spec
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.request import getproxies

from runcomfy.drivers.interruption import USER_AGENT, Wire

from .calls import AsyncCalls, HttpxCalls

if TYPE_CHECKING:
    import httpx

__all__ = [
    "CONNECTIONS",
    "KEPT",
    "Idle",
    "make_async_calls",
    "make_client",
    "no_connection",
    "tls_context",
]

#: Connections at once; further calls wait for one. Below the 1,024 open files of many systems.
CONNECTIONS = 500

#: Seconds that an idle connection is kept: less than the 5 after which common servers close theirs,
#: so that a submit is not sent into a connection that is just being closed.
KEPT = 4.0

SlotT = TypeVar("SlotT")


def tls_context(wire: Wire) -> ssl.SSLContext | None:
    """What a client needs to make once: the certificates that httpx trusts, ``SSL_CERT_FILE`` included.

    ``None`` where the service is reached without TLS.
    """
    if not wire.base_url.startswith("https:"):
        return None
    from .tls import trusted

    return trusted()


def make_client(wire: Wire, tls: ssl.SSLContext | None) -> httpx.Client:
    """A blocking client."""
    if _behind_proxy(wire.base_url):
        import httpx

        return httpx.Client(**_settings(tls))
    from .direct_client import DirectClient
    from .pool import SpreadTransport

    return DirectClient(SpreadTransport(tls))


def make_async_calls(wire: Wire, tls: ssl.SSLContext | None) -> AsyncCalls:
    """Connections for the running event loop."""
    if _behind_proxy(wire.base_url):
        import httpx

        return HttpxCalls(wire, httpx.AsyncClient(**_settings(tls)))
    import sniffio

    if sniffio.current_async_library() == "asyncio" and find_spec("aiohttp"):
        from .aiohttp_calls import AiohttpCalls

        return AiohttpCalls(wire, tls)
    from .async_pool import AsyncSpreadTransport
    from .direct_client import AsyncDirectClient

    return HttpxCalls(wire, AsyncDirectClient(AsyncSpreadTransport(tls)))


def _settings(tls: ssl.SSLContext | None) -> dict[str, Any]:
    """For a client that finds the proxy by itself."""
    import httpx

    return {
        "headers": {"User-Agent": USER_AGENT},
        "verify": tls,
        "limits": httpx.Limits(
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=KEPT,
        ),
    }


def _behind_proxy(base_url: str) -> bool:
    """Whether the environment names a proxy that may be meant for the address.

    A service on this machine is reached directly.
    """
    return base_url.startswith("https:") and bool(getproxies().keys() & {"https", "all"})


def no_connection() -> httpx.PoolTimeout:
    """The error of a call that was not sent, for want of a connection."""
    import httpx

    return httpx.PoolTimeout(f"all {CONNECTIONS} connections were in use")


class Idle(Generic[SlotT]):
    """Connections that wait for a call; the one that was used last is taken first."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, SlotT]] = deque()

    def put(self, slot: SlotT) -> None:
        """Let it wait."""
        self._waiting.append((monotonic(), slot))

    def take(self) -> SlotT | None:
        """The one that has waited for the shortest time; ``None`` if none waits."""
        return self._waiting.pop()[1] if self._waiting else None

    def expired(self) -> Iterator[SlotT]:
        """Those that have waited for too long, to be closed; they are given up."""
        oldest = monotonic() - KEPT
        while self._waiting and self._waiting[0][0] < oldest:
            yield self._waiting.popleft()[1]
