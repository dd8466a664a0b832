"""What our own transports share: where they connect to, for how long, and which connections wait.

httpx's connection pool does work for every connection with every call, so hundreds of calls at once
spend their time there. These transports keep a stack of idle connections to the one origin instead.
They connect directly; where the environment names a proxy, a client of httpx is used.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Iterator
from math import inf
from time import monotonic
from typing import Generic, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies

from ._driver_common import USER_AGENT, NotConnected, Wire
from .protocol.messages import Call

__all__ = ["CONNECTIONS", "PIECE", "Idle", "Limits", "Origin", "behind_proxy", "no_connection"]

#: Connections at once; further calls wait for one. Below the 1,024 open files of many systems.
CONNECTIONS = 500

#: Seconds that an idle connection is kept: less than the 5 after which common servers close theirs,
#: so that a submit is not sent into a connection that is just being closed.
_KEPT = 4.0

#: Bytes that are sent at once; each piece has the time that one step may take.
PIECE = 256 * 1024

_PORTS = {"http": 80, "https": 443}

ConnectionT = TypeVar("ConnectionT")


class Origin:
    """The service's address, the headers of each call, and the TLS context, all made once.

    It holds the token, so it shows nothing.
    """

    def __init__(self, wire: Wire) -> None:
        parts = urlsplit(wire.base_url)
        self.host = parts.hostname or ""
        self.port = parts.port or _PORTS[parts.scheme]
        self.tls = _tls_context() if parts.scheme == "https" else None
        self._path = parts.path
        self._headers = [
            (name.encode(), value.encode())
            for name, value in {
                "Host": parts.netloc,
                "User-Agent": USER_AGENT,
                "Accept-Encoding": "gzip, deflate",
                **wire.headers(),
            }.items()
        ]

    def target(self, call: Call) -> bytes:
        """The path of a call on the server."""
        return (self._path + call.path).encode("ascii")

    def headers(self, call: Call) -> list[tuple[bytes, bytes]]:
        """The headers of a call, the token among them."""
        if call.method == "GET":
            return self._headers
        length = [(b"Content-Length", b"%d" % len(call.body or b""))]
        kind = [(b"Content-Type", b"application/json")] if call.body is not None else []
        return self._headers + kind + length


def _tls_context() -> ssl.SSLContext:
    import httpx

    # The certificates that httpx trusts, SSL_CERT_FILE and SSL_CERT_DIR included.
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def behind_proxy(base_url: str) -> bool:
    """Whether the environment names a proxy that may be meant for the address.

    A service on this machine is reached directly.
    """
    return base_url.startswith("https:") and bool(getproxies().keys() & {"https", "all"})


class Limits:
    """How long each step of one call may take; none goes beyond the end of the call."""

    __slots__ = ("_ends", "_wire")

    def __init__(self, wire: Wire, timeout: float | None) -> None:
        self._wire = wire
        self._ends = inf if timeout is None else monotonic() + timeout

    def rest(self) -> float:
        """Seconds to the end of the call; infinite without a timeout, never negative."""
        return max(self._ends - monotonic(), 0.0)

    def connect(self) -> float:
        """Seconds for making a connection."""
        return min(self._wire.connect_timeout, self.rest())

    def read(self) -> float:
        """Seconds until something must have been sent or received."""
        return min(self._wire.read_timeout, self.rest())


class Idle(Generic[ConnectionT]):
    """Connections that wait for a call; the one that was used last is taken first."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, ConnectionT]] = deque()

    def put(self, connection: ConnectionT) -> None:
        """Let the connection wait."""
        self._waiting.append((monotonic(), connection))

    def take(self) -> ConnectionT | None:
        """The connection that has waited for the shortest time; ``None`` if none waits."""
        return self._waiting.pop()[1] if self._waiting else None

    def expired(self) -> Iterator[ConnectionT]:
        """The connections that have waited for too long, to be closed; they are given up."""
        oldest = monotonic() - _KEPT
        while self._waiting and self._waiting[0][0] < oldest:
            yield self._waiting.popleft()[1]

    def all(self) -> Iterator[ConnectionT]:
        """All connections that wait; they are given up."""
        while self._waiting:
            yield self._waiting.popleft()[1]


def no_connection(error: Exception | None = None) -> NotConnected:
    """The error for a call that was not sent: for want of a connection, or because of ``error``."""
    if error is None:
        return NotConnected(f"all {CONNECTIONS} connections were in use, or the timeout ran out")
    return NotConnected(f"{type(error).__name__}: {error}")
