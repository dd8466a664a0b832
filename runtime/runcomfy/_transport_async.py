"""The asynchronous transport: calls over connections of one event loop, asyncio's or trio's."""

from __future__ import annotations

import ssl
from asyncio import CancelledError
from contextlib import suppress
from typing import Protocol

import anyio

from ._driver_common import AnswerCut, NotConnected, Wire
from ._http1 import Http1
from ._transport import CONNECTIONS, PIECE, Idle, Limits, Origin, no_connection
from .protocol.messages import Answer, Send

__all__ = ["AsyncSocketTransport", "Stream"]

#: What breaks a connection, on either event loop.
_BROKEN = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError)


class Stream(Protocol):
    """The two directions of one connection."""

    @property
    def alive(self) -> bool:
        """Whether the server neither closed the connection nor sent what nobody asked for."""
        ...

    async def write(self, piece: bytes) -> None:
        """Send the piece; returns when there is room for more."""

    async def read(self) -> bytes:
        """What comes in next; ``b""`` at the end."""
        ...

    async def close(self) -> None:
        """Close at once; whoever waits is woken."""


class AsyncSocketTransport:
    """Makes calls over connections of its own, in the event loop that it is used in first.

    ``exchange`` ends at the deadline of the call, whatever the server does in the meantime.
    """

    def __init__(self, wire: Wire, origin: Origin) -> None:
        self._wire = wire
        self._origin = origin
        self._slots = anyio.Semaphore(CONNECTIONS, fast_acquire=True)
        self._idle: Idle[_Line] = Idle()
        self._open: set[_Line] = set()
        self._closed = False

    async def exchange(self, send: Send) -> Answer:
        """Make the call. ``NotConnected``: it was not sent; ``AnswerCut``: it may have arrived."""
        limits = Limits(self._wire, send.timeout)
        line: _Line | None = None
        with anyio.CancelScope(deadline=anyio.current_time() + limits.rest()) as scope:
            async with self._slots:
                try:
                    line = await self._take() or await self._connect(limits, scope)
                    return await line.ask(self._origin, send, limits, scope)
                finally:
                    if line is not None:
                        await self._give_back(line)
        if line is None:
            raise no_connection()
        raise AnswerCut("the timeout of the call ran out")

    async def aclose(self) -> None:
        """Close all connections; calls that wait for an answer end with ``AnswerCut``."""
        self._closed = True
        lines, self._open = self._open, set()
        for line in lines:
            await line.stream.close()
        await anyio.sleep(0)  # the event loop tells the connections that they are closed

    async def _take(self) -> _Line | None:
        """An idle connection that the server has not closed."""
        for expired in self._idle.expired():
            await self._drop(expired)
        while (line := self._idle.take()) is not None and not line.stream.alive:
            await self._drop(line)
        return line

    async def _connect(self, limits: Limits, scope: anyio.CancelScope) -> _Line:
        scope.deadline = anyio.current_time() + limits.connect()
        try:
            stream = await _opened(self._origin)
        except (*_BROKEN, anyio.EndOfStream, ssl.SSLError, UnicodeError) as error:
            raise no_connection(error) from error
        line = _Line(stream)
        if self._closed:
            await stream.close()
            raise NotConnected("the client was closed")
        self._open.add(line)
        return line

    async def _give_back(self, line: _Line) -> None:
        if line.reusable and not self._closed:
            self._idle.put(line)
        else:
            await self._drop(line)

    async def _drop(self, line: _Line) -> None:
        self._open.discard(line)
        await line.stream.close()


class _Line:
    """One connection."""

    __slots__ = ("_http", "reusable", "stream")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._http = Http1()
        self.reusable = False

    async def ask(
        self, origin: Origin, send: Send, limits: Limits, scope: anyio.CancelScope
    ) -> Answer:
        self.reusable = False
        call = send.call
        pieces = self._http.request(
            call.method, origin.target(call), origin.headers(call), call.body or b""
        )
        try:
            # A server that refuses early may stop reading; then its answer says why.
            with suppress(*_BROKEN):
                await self._write(pieces, limits, scope)
            while True:
                scope.deadline = anyio.current_time() + limits.read()
                if self._http.feed(await self.stream.read()):
                    break
        except _BROKEN as error:
            raise AnswerCut(f"{type(error).__name__}: {error}") from error
        self.reusable = self._http.reusable
        return self._http.answer()

    async def _write(self, pieces: list[bytes], limits: Limits, scope: anyio.CancelScope) -> None:
        for piece in pieces if len(pieces[-1]) > PIECE else [b"".join(pieces)]:
            for start in range(0, len(piece), PIECE):
                scope.deadline = anyio.current_time() + limits.read()
                await self.stream.write(piece[start : start + PIECE])


async def _opened(origin: Origin) -> Stream:
    from ._streams import AnyioStream, AsyncioStream

    on_asyncio = issubclass(anyio.get_cancelled_exc_class(), CancelledError)
    kind: type[AsyncioStream | AnyioStream] = AsyncioStream if on_asyncio else AnyioStream
    return await kind.connect(origin)
