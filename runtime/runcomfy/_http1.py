"""One HTTP/1.1 connection without I/O: what to send for a call, and the answer in what comes back.

h11 knows the protocol; httpx brings it. Every transport of ours carries these bytes and decides
nothing about them, so blocking and asynchronous calls read answers alike.
"""

from __future__ import annotations

import zlib
from time import monotonic

import h11

from ._driver_common import AnswerCut, Wire
from .protocol.messages import Answer

__all__ = ["Http1"]

#: Bytes of status line and headers beyond which an answer is not read.
_LONGEST_HEAD = 100 * 1024

#: How zlib reads the two encodings that we say we take.
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Http1:
    """Turns calls into bytes and bytes into answers, one call after the other.

    >>> line = Http1()
    >>> line.request("GET", b"/v1/models", [(b"Host", b"localhost")])
    [b'GET /v1/models HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n']
    >>> line.feed(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    True
    >>> line.answer().body
    b'{}'
    """

    __slots__ = ("_body", "_h11", "_head")

    def __init__(self) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._head: h11.Response | None = None
        self._body = bytearray()

    def request(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes = b""
    ) -> list[bytes]:
        """The bytes of a call, in pieces; ``headers`` say how long the body is."""
        if self._head is not None:
            self._h11.start_next_cycle()
            self._head, self._body = None, bytearray()
        call = h11.Request(method=method, target=target, headers=headers)
        events = [call, h11.Data(data=body), h11.EndOfMessage()] if body else [call, _END]
        return [piece for piece in map(self._h11.send, events) if piece]

    def feed(self, data: bytes) -> bool:
        """Take what was received, ``b""`` for the end of it; whether the answer is complete.

        Raises ``AnswerCut`` when it never will be.
        """
        if not data and self._head is None:
            raise AnswerCut("the server closed the connection without an answer")
        try:
            self._h11.receive_data(data)
            while (event := self._h11.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.Data):
                    self._body += event.data
                    Wire.check(len(self._body), None)
                elif isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.EndOfMessage):
                    return True
                elif event is h11.PAUSED:
                    raise AnswerCut("the server wants to speak another protocol")
        except h11.RemoteProtocolError as error:
            raise AnswerCut(f"the answer breaks HTTP/1.1: {error}") from None
        return False

    @property
    def reusable(self) -> bool:
        """Whether another call can be sent after the complete answer."""
        ended = self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE
        return ended and not self._h11.trailing_data[0]

    def answer(self) -> Answer:
        """The complete answer, its body decoded; raises ``AnswerCut`` if that cannot be done."""
        assert self._head is not None, "feed() has said that the answer is complete"  # noqa: S101  # a promise between two of our own methods
        headers: dict[str, str] = {}
        for name, value in self._head.headers:
            key, text = name.decode("latin-1"), value.decode("latin-1")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        body = bytes(self._body)
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding != "identity" and body:
            body = _decoded(coding, body)
        return Answer(monotonic(), self._head.status_code, headers, body)


_END = h11.EndOfMessage()


def _decoded(coding: str, body: bytes) -> bytes:
    window = _WINDOWS.get(coding.removeprefix("x-"))
    if window is None:
        raise AnswerCut("the answer comes in an encoding that was not asked for")
    if coding == "deflate" and body[0] & 0x0F != zlib.DEFLATED:
        window = -zlib.MAX_WBITS  # many servers leave zlib's own header out
    try:
        return _inflated(zlib.decompressobj(window), body)
    except zlib.error as error:
        raise AnswerCut(f"the answer cannot be decompressed: {error}") from None


def _inflated(inflater: zlib._Decompress, body: bytes) -> bytes:
    """The whole text; one that is too long is cut off before it is made."""
    text = inflater.decompress(body, Wire.longest + 1)
    Wire.check(len(text), None)
    if not inflater.eof:
        raise AnswerCut("the compressed answer is not complete")
    return text
