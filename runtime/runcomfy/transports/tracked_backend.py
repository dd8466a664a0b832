"""An httpcore network backend that tracks its sockets, so that another thread can abort a call.

Its streams see a response that comes while the request is still being sent.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import Any

import httpcore

from .early_answers import EarlyAnswer

__all__ = ["TrackedBackend"]

_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


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
        self._early = EarlyAnswer()
        open_.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._early.take(max_bytes) or self._plain.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send the bytes. After ``WriteError`` httpcore reads the response."""
        connection: socket.socket = self._plain.get_extra_info("socket")
        rest = memoryview(buffer)
        try:
            connection.settimeout(0)
            while rest:
                try:
                    rest = rest[connection.send(rest) :]
                except _WOULD_BLOCK:
                    self._wait(connection, timeout)
        except (OSError, ValueError) as error:  # another thread may have closed it
            raise httpcore.WriteError(error) from error

    def _wait(self, connection: socket.socket, timeout: float | None) -> None:
        """Wait until more can be sent. Raises ``WriteError`` if a response arrived already."""
        with DefaultSelector() as selector:
            selector.register(connection, EVENT_WRITE | (EVENT_READ if self._early.room else 0))
            ready = selector.select(timeout)
        if any(events & EVENT_READ for _, events in ready):
            with suppress(*_WOULD_BLOCK):  # a record of TLS may hold nothing for us
                self._early.add(connection.recv(self._early.room))
        if self._early.settles or (self._early and not ready):
            raise httpcore.WriteError("the response came before the request was sent")
        if not ready:
            raise httpcore.WriteTimeout("the request could not be sent in time")

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
        if info == "is_readable" and self._early:
            return True  # of what nobody asked for, so that the connection is not used again
        return self._plain.get_extra_info(info)
