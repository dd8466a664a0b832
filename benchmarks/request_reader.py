"""``RequestReader``: the minimal HTTP that the benchmarks' local servers need."""

from __future__ import annotations

import asyncio

__all__ = ["RequestReader"]


class RequestReader(asyncio.Protocol):
    """One connection. Requests come one after the other, and their bodies are dropped."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            _, _, length = head.partition(b"content-length:")
            end += 4 + int(length.split(b"\r\n", 1)[0] or 0)
            if len(self._received) < end:
                return
            self._received = self._received[end:]
            self.reply(head)

    def reply(self, head: bytes) -> None:
        """Answer the request with this head, in lower case."""
        raise NotImplementedError
