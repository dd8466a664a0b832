"""A network backend of httpcore whose every step ends at the deadline of the call it belongs to.

httpx bounds each read and write by itself, so that an answer in drops, or an upload into a socket that
takes a little now and then, would outlast the whole call. Looking up a name cannot be interrupted.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

import httpcore

__all__ = ["Deadline", "DeadlineBackend"]

#: Bytes that are sent at once; each piece has the time that one step may take.
_PIECE = 256 * 1024


class Deadline(threading.local):
    """When the call of this thread ends, on the monotonic clock; ``None``: never."""

    ends: float | None = None

    def limit(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
        """Seconds for one step; raises ``late`` when there are none left."""
        if self.ends is None:
            return timeout
        rest = self.ends - monotonic()
        if rest <= 0:
            raise late("the timeout of the call ran out")
        return rest if timeout is None else min(timeout, rest)


class DeadlineBackend(httpcore.NetworkBackend):
    """Connects as httpcore does."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._plain = httpcore.SyncBackend()
        self._open: set[_DeadlineStream] = set()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection whose steps end at the deadline."""
        timeout = self._deadline.limit(timeout, httpcore.ConnectTimeout)
        plain = self._plain.connect_tcp(host, port, timeout, local_address, socket_options)
        return _DeadlineStream(plain, self._deadline, self._open)

    def wake(self) -> None:
        """End all connections for the threads that wait for them."""
        for stream in self._open.copy():
            stream.wake()

    def close(self) -> None:
        """Close all connections."""
        for stream in self._open.copy():
            stream.close()


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(
        self, plain: httpcore.NetworkStream, deadline: Deadline, open_: set[_DeadlineStream]
    ) -> None:
        self._plain = plain
        self._deadline = deadline
        self._open = open_
        open_.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, self._deadline.limit(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            limit = self._deadline.limit(timeout, httpcore.WriteTimeout)
            self._plain.write(buffer[start : start + _PIECE], limit)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        limit = self._deadline.limit(timeout, httpcore.ConnectTimeout)
        plain = self._plain.start_tls(ssl_context, server_hostname, limit)
        self._open.discard(self)
        return _DeadlineStream(plain, self._deadline, self._open)

    def wake(self) -> None:
        with suppress(OSError):
            # Not the method of a TLS socket: that one would have the thread go on without TLS.
            socket.socket.shutdown(self._plain.get_extra_info("socket"), socket.SHUT_RDWR)

    def close(self) -> None:
        self._open.discard(self)
        self._plain.close()

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)
