"""``PooledCalls``: calls over httpcore connections, one call per connection at a time. Thread-safe."""

from __future__ import annotations

import ssl
from queue import Empty, SimpleQueue
from threading import Lock
from time import monotonic
from typing import ClassVar, NamedTuple

import httpcore

from runcomfy.protocol.steps import Response, Send

from . import connection_limits as limits
from .body import Body
from .calls import Route
from .config import HttpConfig, headers_by_name
from .httpcore_bridge import is_reusable, origin_of, request_of, start_of
from .tracked_backend import TrackedBackend

__all__ = ["PooledCalls"]


class PooledCalls:
    """Sends each call over an idle or a new connection.

    httpx's own pool does work for every connection with every call, which grows with the square of their number.
    """

    knows_sent: ClassVar[bool] = True

    def __init__(self, config: HttpConfig, tls: ssl.SSLContext | None) -> None:
        self._config = config
        self._tls = tls
        self._idle: limits.IdleConnections[_Slot] = limits.IdleConnections()
        self._all: set[_Slot] = set()
        #: An entry for each call that may begin.
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(limits.CONNECTIONS):
            self._free.put(None)
        self._lock = Lock()
        self._closed = False

    def make(self, send: Send, route: Route) -> Response:
        """Send the call once, and return the response."""
        try:
            self._free.get(timeout=send.timeout)
        except Empty:
            raise limits.NoConnection from None
        try:
            return self._exchange(send, route)
        finally:
            self._free.put(None)

    @property
    def is_closed(self) -> bool:
        """Whether the pool is closed."""
        return self._closed

    def close(self) -> None:
        """Close all connections; waiting calls end with an error."""
        with self._lock:
            self._closed = True
            slots, self._all = self._all, set()
        for slot in slots:
            slot.network.wake()
            slot.network.close()

    def _exchange(self, send: Send, route: Route) -> Response:
        slot = self._take()
        try:
            route.take(slot.network.wake)
            response = slot.connection.handle_request(
                request_of(
                    self._config,
                    send,
                    lambda event, _: start_of(event, route, closed=self._closed),
                )
            )
            headers = headers_by_name(response.headers)
            try:
                body = Body(headers.get("content-encoding"))
                for piece in response.iter_stream():
                    route.check()
                    body.add(piece)
                content = body.finish()
            finally:
                response.close()
            route.release()
        except BaseException:
            self._forget(slot)
            raise
        self._give_back(slot)
        return Response(monotonic(), response.status, headers, content)

    def _take(self) -> _Slot:
        while True:
            with self._lock:
                if self._closed:
                    raise httpcore.ConnectError("the client was closed")
                late = list(self._idle.expired())
                slot = self._idle.take()
                if slot is None:
                    slot = self._new()
                    self._all.add(slot)
            for old in late:
                self._forget(old)
            if not slot.connection.has_expired():  # as it has when the server closed it
                return slot
            self._forget(slot)

    def _new(self) -> _Slot:
        network = TrackedBackend()
        connection = httpcore.HTTPConnection(
            origin_of(self._config),
            self._tls,
            keepalive_expiry=limits.KEEPALIVE_EXPIRY,
            network_backend=network,
        )
        return _Slot(connection, network)

    def _forget(self, slot: _Slot) -> None:
        with self._lock:
            self._all.discard(slot)
        slot.network.close()

    def _give_back(self, slot: _Slot) -> None:
        with self._lock:
            kept = slot in self._all and is_reusable(slot.connection)
            if kept:
                self._idle.put(slot)
        if not kept:
            self._forget(slot)


class _Slot(NamedTuple):
    """A connection and its network backend."""

    connection: httpcore.HTTPConnection
    network: TrackedBackend
