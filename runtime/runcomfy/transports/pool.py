"""The transport over connections of httpcore, one for a call, whose steps end at the deadline of the call."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Lock
from typing import NamedTuple

import httpcore
import httpx

from . import limits
from .deadline_backend import Deadline, DeadlineBackend
from .httpcore_bridge import address, as_httpcore, as_httpx_errors, check_open, is_reusable

__all__ = ["PooledTransport"]


class PooledTransport(httpx.BaseTransport):
    """Sends each request over an idle connection, or a new one. Threads may share it.

    The extension "ends" of a request is its deadline on the monotonic clock.
    """

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._deadline = Deadline()
        self._idle: limits.IdleConnections[_Slot] = limits.IdleConnections()
        self._all: set[_Slot] = set()
        #: An entry for each call that may begin. A semaphore's own lock would stay held when Ctrl-C strikes
        #: while it is being taken.
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(limits.CONNECTIONS):
            self._free.put(None)
        self._lock = Lock()
        self._closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the body of the response is to be read by the same thread."""
        try:
            self._free.get(timeout=request.extensions["timeout"]["pool"])
        except Empty:
            raise limits.no_connection() from None
        try:
            slot = self._take(request)
        except BaseException:
            self._free.put(None)
            raise
        self._deadline.ends = request.extensions.get("ends")
        try:
            with as_httpx_errors(request):
                response = slot.connection.handle_request(as_httpcore(request, self._trace))
            return httpx.Response(
                response.status,
                headers=response.headers,
                stream=_Body(self, slot, response, request),
                extensions=response.extensions,
            )
        except BaseException:
            self.drop(slot)
            raise

    def _trace(self, event: str, _: object) -> None:
        check_open(event, closed=self._closed)

    def close(self) -> None:
        """Close all connections; calls that wait for an answer end with an error."""
        with self._lock:
            self._closed = True
            slots, self._all = self._all, set()
        for slot in slots:
            slot.network.wake()
            slot.network.close()

    def _take(self, request: httpx.Request) -> _Slot:
        while True:
            with self._lock:
                if self._closed:
                    raise httpx.ConnectError("the client was closed", request=request)
                late = list(self._idle.expired())
                slot = self._idle.take()
                if slot is None:
                    slot = self._new(request.url)
                    self._all.add(slot)
            for old in late:
                self._forget(old)
            try:
                if not slot.connection.has_expired():  # as it has when the server closed it
                    return slot
            except BaseException:
                self._forget(slot)
                raise
            self._forget(slot)

    def _new(self, url: httpx.URL) -> _Slot:
        network = DeadlineBackend(self._deadline)
        connection = httpcore.HTTPConnection(
            address(url).origin,
            self._tls,
            keepalive_expiry=limits.KEEPALIVE_EXPIRY,
            network_backend=network,
        )
        return _Slot(connection, network)

    def _forget(self, slot: _Slot) -> None:
        with self._lock:
            self._all.discard(slot)
        slot.network.close()

    def give_back(self, slot: _Slot) -> None:
        """The call is over."""
        with self._lock:
            kept = slot in self._all and is_reusable(slot.connection)
            if kept:
                self._idle.put(slot)
        if not kept:
            self._forget(slot)
        self._free.put(None)

    def drop(self, slot: _Slot) -> None:
        """The call was broken off, so nobody knows what state its connection is in."""
        self._forget(slot)
        self._free.put(None)


class _Slot(NamedTuple):
    """A connection, and what holds its socket.

    The socket is closed there: a connection that was broken off by Ctrl-C may hold its own lock.
    """

    connection: httpcore.HTTPConnection
    network: DeadlineBackend


class _Body(httpx.SyncByteStream):
    def __init__(
        self,
        owner: PooledTransport,
        slot: _Slot,
        response: httpcore.Response,
        request: httpx.Request,
    ) -> None:
        self._owner = owner
        self._slot = slot
        self._response = response
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        with as_httpx_errors(self._request):
            yield from self._response.iter_stream()

    def close(self) -> None:
        try:
            self._response.close()
        except BaseException:
            self._owner.drop(self._slot)
            raise
        self._owner.give_back(self._slot)
