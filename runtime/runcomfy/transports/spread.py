"""The transport over many small pools of httpcore, whose steps end at the deadline of the call."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

import httpcore
import httpx

from . import clients
from .deadline import Deadline, DeadlineBackend

__all__ = ["SpreadTransport"]


class SpreadTransport(httpx.BaseTransport):
    """Sends each request over an idle pool of one connection, or a new one. Threads may share it.

    The extension "ends" of a request is its deadline on the monotonic clock.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._deadline = Deadline()
        self._backend = DeadlineBackend(self._deadline)
        self._idle: clients.Idle[httpcore.ConnectionPool] = clients.Idle()
        self._all: set[httpcore.ConnectionPool] = set()
        self._free = BoundedSemaphore(clients.CONNECTIONS)
        self._lock = Lock()
        self._closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the body of the response is to be read by the same thread."""
        if not self._free.acquire(timeout=request.extensions["timeout"]["pool"]):
            raise clients.no_connection(request)
        try:
            pool = self._take(request)
        except BaseException:
            self._free.release()
            raise
        self._deadline.ends = request.extensions.get("ends")
        try:
            with _errors(request):
                response = pool.handle_request(_as_httpcore(request))
        except BaseException:
            self._drop(pool)
            self._free.release()
            raise
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(self, pool, response, request),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close all connections; calls that wait for an answer end with an error."""
        with self._lock:
            self._closed = True
            pools, self._all = self._all, set()
        self._backend.wake()
        for pool in pools:
            pool.close()

    def _take(self, request: httpx.Request) -> httpcore.ConnectionPool:
        with self._lock:
            if self._closed:
                raise httpx.ConnectError("the client was closed", request=request)
            expired = list(self._idle.expired())
            pool = self._idle.take()
            if pool is None:
                pool = httpcore.ConnectionPool(
                    self._tls,
                    max_connections=1,
                    keepalive_expiry=clients.KEPT,
                    network_backend=self._backend,
                )
                self._all.add(pool)
        for old in expired:
            self._drop(old)
        return pool

    def _drop(self, pool: httpcore.ConnectionPool) -> None:
        with self._lock:
            self._all.discard(pool)
        pool.close()

    def give_back(self, pool: httpcore.ConnectionPool) -> None:
        """The call is over."""
        with self._lock:
            kept = pool in self._all
            if kept:
                self._idle.put(pool)
        if not kept:
            pool.close()
        self._free.release()


class _Body(httpx.SyncByteStream):
    def __init__(
        self,
        owner: SpreadTransport,
        pool: httpcore.ConnectionPool,
        response: httpcore.Response,
        request: httpx.Request,
    ) -> None:
        self._owner = owner
        self._pool = pool
        self._response = response
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        with _errors(self._request):
            yield from self._response.iter_stream()

    def close(self) -> None:
        try:
            self._response.close()
        finally:
            self._owner.give_back(self._pool)


def _as_httpcore(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


@contextmanager
def _errors(request: httpx.Request) -> Iterator[None]:
    """httpcore's errors as httpx's, which have the same names."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise getattr(httpx, type(error).__name__)(str(error), request=request) from error
