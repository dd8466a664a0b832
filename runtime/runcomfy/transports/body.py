"""``Body``: a response body as it arrives, limited in bytes (compressed and decompressed) and values."""

from __future__ import annotations

import zlib
from typing import Any

from .failures import ResponseCut

__all__ = ["LONGEST", "MOST_VALUES", "Body"]

#: A response of the API is a small JSON text; more bytes than this are not read.
LONGEST = 32 * 1024 * 1024

#: The number of values in a response: in memory, an empty object takes thirty times its two characters.
MOST_VALUES = 500_000

#: How the body may be packed: at most once, and by what every client of HTTP unpacks. A piece packed once unpacks to a
#: thousand times its size at most; packed twice, to a million.
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Body:
    """Collects the chunks of a body. Raises ``ResponseCut`` if it is too large or has another encoding."""

    __slots__ = ("_came", "_content", "_may_be_bare", "_unpacking")

    def __init__(self, packing: str | None) -> None:
        word = (packing or "identity").strip().lower()
        if word not in _WINDOWS and word != "identity":
            raise ResponseCut(
                f"the response is compressed as {word[:80]!r}, which was not requested"
            )
        self._unpacking: Any = zlib.decompressobj(_WINDOWS[word]) if word in _WINDOWS else None
        self._may_be_bare = word == "deflate"
        self._came = 0
        self._content = bytearray()

    def add(self, piece: bytes) -> None:
        """Append the next piece."""
        self._came += len(piece)
        if self._came > LONGEST:
            raise _too_long()
        self._content += piece if self._unpacking is None else self._unpacked(piece)
        if len(self._content) > LONGEST:
            raise _too_long()

    def finish(self) -> bytes:
        """Return the complete body."""
        if self._unpacking is not None and self._came and not self._unpacking.eof:
            raise ResponseCut("the compressed body of the response is truncated")
        content = bytes(self._content)
        if sum(map(content.count, (b"{", b"[", b","))) > MOST_VALUES:
            raise ResponseCut(f"the response contains more than {MOST_VALUES:,} values")
        return content

    def _unpacked(self, piece: bytes) -> bytes:
        room = LONGEST + 1 - len(self._content)
        try:
            return bytes(self._unpacking.decompress(piece, room))
        except zlib.error:
            if not self._may_be_bare or self._content:
                raise
            # Some servers send "deflate" without the header that it has by its definition.
            self._unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
            return bytes(self._unpacking.decompress(piece, room))
        finally:
            self._may_be_bare = False


def _too_long() -> ResponseCut:
    return ResponseCut(f"the response is longer than {LONGEST:,} bytes")
