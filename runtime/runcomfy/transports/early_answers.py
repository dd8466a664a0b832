"""Responses that come while the request is still being sent, such as a refusal of a large body.

A server that has refused a request may read no more of it. A client that only writes then waits until its
time is over, and does not know that nothing was accepted.
"""

from __future__ import annotations

import re

__all__ = ["EarlyAnswer"]

#: Bytes that are taken before the request is complete; the rest of a response is read as ever.
_MOST = 65_536
_END = b"\r\n\r\n"
_INTERIM = (b"HTTP/1.1 1", b"HTTP/1.0 1")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*(?=\r|$)")


class EarlyAnswer:
    """The bytes that came before the request was complete."""

    __slots__ = ("_came", "ended")

    def __init__(self) -> None:
        self._came = bytearray()
        #: Whether the server sends nothing further.
        self.ended = False

    def __bool__(self) -> bool:
        return bool(self._came)

    @property
    def room(self) -> int:
        """How many more bytes are taken."""
        return 0 if self.ended else _MOST - len(self._came)

    def add(self, piece: bytes) -> None:
        """Add what came; nothing is the end."""
        self._came += piece
        self.ended = self.ended or not piece

    def take(self, most: int) -> bytes:
        """Take the first bytes out."""
        piece = bytes(self._came[:most])
        del self._came[:most]
        return piece

    @property
    def settles(self) -> bool:
        """Whether to send no more: the server has refused, or will never answer.

        After another response the request is sent to its end: the server may still need it.
        """
        final = self._final()
        return self.ended or (final[:7] == b"HTTP/1." and final[9:10] in (b"3", b"4", b"5"))

    @property
    def is_whole(self) -> bool:
        """Whether nothing more of the response is to come, as far as its head says."""
        head, end, body = self._final().partition(_END)
        length = _LENGTH.search(head)
        return self.ended or bool(end and length and len(body) >= int(length[1]))

    def _final(self) -> bytes:
        """What came after the interim responses; nothing while the first of them is not complete."""
        start = 0
        while self._came.startswith(_INTERIM, start):
            end = self._came.find(_END, start)
            if end < 0:
                return b""
            start = end + len(_END)
        return bytes(self._came[start:])
