"""Sending responses: whole and correct, or byte for byte as a fault defines."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Literal, Self, TypeAlias

from starlette.types import Message, Receive, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from .request_log import Host

__all__ = ["RawConnection", "Raw", "Reply", "head", "send_reply"]

_log = logging.getLogger("runcomfy.mock")
_log.setLevel(logging.INFO)  # uvicorn looks at it to see whether every byte is to be logged

#: How a connection ends: with FIN, with RST, or when the other side has had enough.
End: TypeAlias = Literal["close", "reset", "hold"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete response. Header names are in lower case."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The value of a header."""
        return next((value for one, value in self.headers if one == name), None)

    def with_headers(self, **changes: str | None) -> Self:
        """The response with other headers; ``None`` removes one, ``_`` means ``-``."""
        named = {name.replace("_", "-"): value for name, value in changes.items()}
        kept = [(name, value) for name, value in self.headers if name not in named]
        new = [(name, value) for name, value in named.items() if value is not None]
        return replace(self, headers=(*kept, *new))


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes to write as they are, pauses in seconds between them, and how the connection ends."""

    steps: Iterable[bytes | float] = ()
    end: End = "close"


def head(reply: Reply, length: int | None = None, *, chunked: bool = False) -> bytes:
    """The head of the response as bytes; ``length`` is the declared length of its body, true or not."""
    sized = (
        {"transfer_encoding": "chunked", "content_length": None}
        if chunked
        else {"content_length": None if length is None else str(length)}
    )
    sent = reply.with_headers(**sized, connection="close")
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in sent.headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def send_reply(reply: Reply, send: Send, *, close: bool = False) -> None:
    """Send a whole response the ordinary way."""
    sent = reply.with_headers(content_length=str(len(reply.body)))
    if reply.status in (204, 304):
        sent = reply.with_headers(content_length=None)
    if close:
        sent = sent.with_headers(connection="close")
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


class RawConnection(H11Protocol):
    """uvicorn's connection, which the application gets as ``scope["state"]["connection"]``."""

    def __init__(self, config: Config, server_state: ServerState, host: Host) -> None:
        super().__init__(config, server_state, {"connection": self, "host": host})
        # uvicorn's own loggers are left to programs that run uvicorn.
        self.logger, self.access_log = _log, False

    async def perform(self, raw: Raw, receive: Receive) -> None:
        """Write the fault's bytes, end the connection in its way, and wait until it is closed."""
        gone = asyncio.ensure_future(_gone(receive))
        for step in raw.steps:
            if isinstance(step, bytes):
                self.transport.write(step)
                await self.flow.drain()
                await asyncio.sleep(0)  # an endless body leaves room for others
            else:
                await asyncio.wait({gone}, timeout=step)
            if gone.done() or self.transport.is_closing():
                break
        if raw.end == "reset":
            self.reset()
        elif raw.end == "close":
            self.transport.close()
        await gone

    def reset(self) -> None:
        """End the connection with RST: closing with a linger time of zero sends it."""
        sock: Any = self.transport.get_extra_info("socket")
        if sock is not None and not self.transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


async def _gone(receive: Receive) -> None:
    message: Message = {"type": ""}
    while message["type"] != "http.disconnect":
        message = await receive()
