"""One HTTP/1.1 connection for range requests.

This is less than an HTTP client on purpose. What a client does unasked is what must not happen for a
URL that someone else wrote: following redirects, going through a proxy of the environment, sending
cookies or credentials, unpacking compressed bodies, resolving the name again. h11 knows the
protocol, anyio the sockets and TLS, and both run on asyncio and trio.
"""

from __future__ import annotations

import os

import anyio
import h11
from anyio.abc import ByteStream

from runcomfy.redaction import clean

__all__ = ["FAULTS", "Http1Connection", "ConnectionLost", "NotLookedAt", "strerror"]

#: Bytes of a head, or of the frame of one chunk. Anything longer ends the connection.
_LONGEST_HEAD = 32 * 1024
_READ = 64 * 1024
#: Interim responses (1xx) before the one that counts.
_INTERIM = 8

#: What sockets raise when a connection fails.
FAULTS = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)


class NotLookedAt(Exception):
    """The reason why a file was not inspected; completes the sentence "was not checked: …"."""


class ConnectionLost(NotLookedAt):
    """The connection was lost; a second attempt may succeed."""


class Http1Connection:
    """An open connection; one response at a time."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._rest = b""
        self._gone = False
        #: Whether the body of the response was read to its end.
        self.ended = False

    async def ask(self, target: bytes, headers: list[tuple[str, str]]) -> h11.Response:
        """Send a GET, and return the head of the response."""
        self._rest, self.ended = b"", False
        try:
            request = h11.Request(method="GET", target=target, headers=headers)
            data = self._http.send(request) + self._http.send(h11.EndOfMessage())
        except h11.LocalProtocolError as error:
            raise NotLookedAt(f"its URL cannot be requested: {error}") from None
        try:
            await self._stream.send(data)
        except FAULTS as error:
            raise ConnectionLost(_failure_text("the connection was lost", error)) from None
        for _ in range(_INTERIM):
            event = await self._next(_READ)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                break
        raise NotLookedAt("the server did not respond with HTTP")

    async def read(self, limit: int) -> bytes:
        """At most ``limit`` more bytes of the body, fewer only at its end."""
        data = bytearray(self._rest[:limit])
        self._rest = self._rest[limit:]
        while len(data) < limit and not self.ended:
            event = await self._next(min(_READ, limit - len(data) + 1024))
            if isinstance(event, h11.Data):
                data += event.data
            else:
                self.ended = True
        self._rest += bytes(data[limit:])
        return bytes(data[:limit])

    def reusable(self) -> bool:
        """Whether the response is complete, so that the connection can be reused."""
        if not self.ended and not self._rest:
            try:
                self.ended = isinstance(self._http.next_event(), h11.EndOfMessage)
            except h11.RemoteProtocolError:
                return False
        done = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if not self.ended or not done or self._http.trailing_data[0]:
            return False
        self._http.start_next_cycle()
        return True

    async def close(self) -> None:
        """Close the connection immediately."""
        with anyio.CancelScope(shield=True):
            await anyio.aclose_forcefully(self._stream)

    async def _next(self, size: int) -> h11.Event | type[h11.PAUSED]:
        """The next event of the response; reads at most ``size`` bytes at a time."""
        try:
            while True:
                event = self._http.next_event()
                if event is not h11.NEED_DATA:
                    return event  # type: ignore[return-value]  # h11's marks are classes
                self._http.receive_data(await self._receive(size))
        except h11.RemoteProtocolError as error:
            if self._gone:
                raise ConnectionLost(
                    "the connection was lost before the response was complete"
                ) from None
            raise NotLookedAt(
                f"the server did not respond with HTTP: {clean(str(error))}"
            ) from None

    async def _receive(self, size: int) -> bytes:
        try:
            return await self._stream.receive(size)
        except anyio.EndOfStream:
            self._gone = True
            return b""
        except FAULTS as error:
            raise ConnectionLost(_failure_text("the connection was lost", error)) from None


def strerror(error: BaseException) -> str:
    """The system's text for an error, without the address that libraries add."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    number = getattr(cause, "errno", None)
    return os.strerror(number) if isinstance(number, int) and number > 0 else ""


def _failure_text(what: str, error: BaseException) -> str:
    words = strerror(error)
    return f"{what}: {words}" if words else what
