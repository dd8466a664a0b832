"""One connection in an event loop: a protocol of asyncio, which costs least, or a stream of anyio on trio."""

from __future__ import annotations

import asyncio
from typing import cast

import anyio
import anyio.abc
from anyio.abc import SocketAttribute

from ._sockets import is_number, quiet
from ._transport import Origin

__all__ = ["AnyioStream", "AsyncioStream"]

#: Seconds after which the next address of a name is tried as well.
_NEXT_ADDRESS = 0.25


class AsyncioStream(asyncio.Protocol):
    """A connection that asyncio's event loop feeds. One task uses it at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._received: list[bytes] = []
        self._ended = False
        self._error: Exception | None = None
        self._full = False
        self._waiter: asyncio.Future[None] | None = None

    @classmethod
    async def connect(cls, origin: Origin) -> AsyncioStream:
        """A connection to the origin, TLS included."""
        _, stream = await asyncio.get_running_loop().create_connection(
            cls,
            origin.host,
            origin.port,
            ssl=origin.tls,
            server_hostname=origin.host if origin.tls else None,
            happy_eyeballs_delay=None if is_number(origin.host) else _NEXT_ADDRESS,
        )
        return stream

    @property
    def alive(self) -> bool:
        """Whether the server neither closed the connection nor sent what nobody asked for."""
        return not self._ended and not self._received

    async def write(self, piece: bytes) -> None:
        """Send the piece; returns when there is room for more."""
        if self._ended:
            raise self._error or BrokenPipeError("the server closed the connection")
        self._transport.write(piece)
        while self._full and not self._ended:
            await self._woken()

    async def read(self) -> bytes:
        """What comes in next; ``b""`` at the end."""
        while not self._received and not self._ended:
            await self._woken()
        if self._received:
            data = b"".join(self._received)
            self._received.clear()
            return data
        if self._error is not None:
            raise self._error
        return b""

    async def close(self) -> None:
        """Close at once; whoever waits is woken."""
        self._transport.abort()

    async def _woken(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._received.append(data)
        self._wake()

    def eof_received(self) -> None:
        """Called by the event loop; the connection closes after it."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._ended = True
        self._error = exc
        self._wake()

    def pause_writing(self) -> None:
        """Called by the event loop."""
        self._full = True

    def resume_writing(self) -> None:
        """Called by the event loop."""
        self._full = False
        self._wake()


class AnyioStream:
    """A connection on trio."""

    def __init__(self, stream: anyio.abc.ByteStream) -> None:
        self._stream = stream
        self._socket = stream.extra(SocketAttribute.raw_socket)  # noqa: S610  # not Django's

    @classmethod
    async def connect(cls, origin: Origin) -> AnyioStream:
        """A connection to the origin, TLS included."""
        plain = await anyio.connect_tcp(origin.host, origin.port)
        if origin.tls is None:
            return cls(plain)
        from anyio.streams.tls import TLSStream

        try:
            return cls(
                await TLSStream.wrap(
                    plain,
                    hostname=origin.host,
                    ssl_context=origin.tls,
                    server_side=False,
                    standard_compatible=False,
                )
            )
        except BaseException:
            await anyio.aclose_forcefully(plain)
            raise

    @property
    def alive(self) -> bool:
        """Whether the server neither closed the connection nor sent what nobody asked for."""
        return quiet(self._socket)

    async def write(self, piece: bytes) -> None:
        """Send the piece; returns when there is room for more."""
        await self._stream.send(piece)

    async def read(self) -> bytes:
        """What comes in next; ``b""`` at the end."""
        try:
            return await self._stream.receive()
        except anyio.EndOfStream:
            return b""

    async def close(self) -> None:
        """Close at once; whoever waits is woken."""
        await anyio.aclose_forcefully(self._stream)
