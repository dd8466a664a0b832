"""An httpcore network backend that tracks its sockets, so that another thread can abort a call."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import httpcore

__all__ = ["TrackedBackend"]


class TrackedBackend(httpcore.NetworkBackend):
    """Connects as httpcore does."""

    def __init__(self) -> None:
        self._plain = httpcore.SyncBackend()
        self._open: set[_TrackedStream] = set()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection."""
        plain = self._plain.connect_tcp(host, port, timeout, local_address, socket_options)
        return _TrackedStream(plain, self._open)

    def wake(self) -> None:
        """End all connections for the threads that wait for them."""
        for stream in self._open.copy():
            stream.wake()

    def close(self) -> None:
        """Close all connections."""
        for stream in self._open.copy():
            stream.close()


class _TrackedStream(httpcore.NetworkStream):
    def __init__(self, plain: httpcore.NetworkStream, open_: set[_TrackedStream]) -> None:
        self._plain = plain
        self._open = open_
        open_.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._plain.write(buffer, timeout)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        plain = self._plain.start_tls(ssl_context, server_hostname, timeout)
        self._open.discard(self)
        return _TrackedStream(plain, self._open)

    def wake(self) -> None:
        with suppress(OSError):
            # Not the method of a TLS socket: that one would have the thread go on without TLS.
            socket.socket.shutdown(self._plain.get_extra_info("socket"), socket.SHUT_RDWR)

    def close(self) -> None:
        self._open.discard(self)
        self._plain.close()

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)
