"""The blocking transport: calls over sockets of our own."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from ._driver_common import AnswerCut, NotConnected, Wire
from ._http1 import Http1
from ._sockets import connect, quiet, some
from ._transport import CONNECTIONS, PIECE, Idle, Limits, Origin, no_connection
from .protocol.messages import Answer, Send

__all__ = ["SocketTransport"]


class SocketTransport:
    """Makes calls over connections of its own, from any number of threads.

    ``exchange`` ends at the deadline of the call, whatever the server does in the meantime.
    """

    def __init__(self, wire: Wire, origin: Origin) -> None:
        self._wire = wire
        self._origin = origin
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._lock = threading.Lock()
        self._idle: Idle[_Line] = Idle()
        self._open: set[_Line] = set()
        self._closed = False

    def exchange(self, send: Send) -> Answer:
        """Make the call. ``NotConnected``: it was not sent; ``AnswerCut``: it may have arrived."""
        limits = Limits(self._wire, send.timeout)
        if not self._slots.acquire(timeout=min(limits.rest(), threading.TIMEOUT_MAX)):
            raise no_connection()
        try:
            line = self._take() or self._connect(limits)
            try:
                answer = line.ask(self._origin, send, limits)
            finally:
                self._give_back(line)
            return answer
        finally:
            self._slots.release()

    def close(self) -> None:
        """Close all connections; calls that wait for an answer end with ``AnswerCut``."""
        with self._lock:
            self._closed = True
            idle = set(self._idle.all())
            busy, self._open = self._open - idle, set()
        for line in idle:
            line.close()
        for line in busy:
            line.wake()  # the thread that uses it closes it

    def _take(self) -> _Line | None:
        """An idle connection that the server has not closed."""
        while True:
            with self._lock:
                old = list(self._idle.expired())
                line = self._idle.take()
            for expired in old:
                self._drop(expired)
            if line is None or line.alive:
                return line
            self._drop(line)

    def _connect(self, limits: Limits) -> _Line:
        line = _Line(connect(self._origin, limits.connect()))
        with self._lock:
            if not self._closed:
                self._open.add(line)
                return line
        line.close()
        raise NotConnected("the client was closed")

    def _give_back(self, line: _Line) -> None:
        with self._lock:
            if line.reusable and not self._closed:
                self._idle.put(line)
                return
        self._drop(line)

    def _drop(self, line: _Line) -> None:
        with self._lock:
            self._open.discard(line)
        line.close()


class _Line:
    """One connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._http = Http1()
        self.reusable = False

    @property
    def alive(self) -> bool:
        """Whether the server neither closed the connection nor sent what nobody asked for."""
        return quiet(self._socket)

    def ask(self, origin: Origin, send: Send, limits: Limits) -> Answer:
        self.reusable = False
        call = send.call
        pieces = self._http.request(
            call.method, origin.target(call), origin.headers(call), call.body or b""
        )
        try:
            # A server that refuses early may stop reading; then its answer says why.
            with suppress(BrokenPipeError, ConnectionResetError):
                self._write(pieces, limits)
            while not self._http.feed(self._read(limits)):
                pass
        except OSError as error:
            raise AnswerCut(f"{type(error).__name__}: {error}") from error
        self.reusable = self._http.reusable
        return self._http.answer()

    def wake(self) -> None:
        """End the connection for the thread that waits for it."""
        with suppress(OSError):
            # Not the method of a TLS socket: that one would have the thread go on without TLS.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()

    def _write(self, pieces: list[bytes], limits: Limits) -> None:
        for piece in pieces if len(pieces[-1]) > PIECE else [b"".join(pieces)]:
            rest = memoryview(piece)
            while rest:
                self._socket.settimeout(some(limits.read()))
                rest = rest[self._socket.send(rest[:PIECE]) :]

    def _read(self, limits: Limits) -> bytes:
        self._socket.settimeout(some(limits.read()))
        return self._socket.recv(65_536)
