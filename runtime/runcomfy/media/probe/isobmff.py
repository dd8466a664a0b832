"""Boxes, of which AVIF, HEIC, MP4 and MOV files are made (ISO 14496-12)."""

from __future__ import annotations

from .header import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .header import Header

__all__ = ["boxes", "find_box", "int_at"]

#: Boxes looked at inside one box, or at the top of a file.
_MOST = 1000


def boxes(header: Header, start: int, stop: int | None) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each box from ``start`` on; ``stop`` may be unknown."""
    for _ in range(_MOST):
        if stop is not None and start + 8 > stop:
            return
        head = header.at(start, 16)
        if len(head) < 8:
            return
        size, content = int_at(head, 0, 4), start + 8
        if size == 1:  # it did not fit into four bytes
            size, content = int_at(head, 8, 8), start + 16
        end = start + size if size else stop or content + 2**40  # 0: up to the end
        if end < content or (stop is not None and end > stop):
            raise Unreadable("its header is damaged")
        yield head[4:8], content, end
        start = end


def find_box(header: Header, start: int, stop: int | None, kind: bytes) -> tuple[int, int] | None:
    """Start and end of the content of the first box of this type."""
    for found, content, end in boxes(header, start, stop):
        if found == kind:
            return content, end
    return None


def int_at(data: bytes, place: int, size: int) -> int:
    """The number at a place."""
    return int.from_bytes(data[place : place + size], "big")
