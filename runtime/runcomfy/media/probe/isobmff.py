"""The boxes of AVIF, HEIC, MP4 and MOV files (ISO 14496-12)."""

from __future__ import annotations

from .header import Damaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .header import Header

__all__ = ["boxes", "find_box", "int_at", "mp4_rotation"]

#: The number of boxes examined inside one box, or at the top of a file.
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
            raise Damaged("its header is damaged")
        yield head[4:8], content, end
        start = end


def find_box(header: Header, start: int, stop: int | None, kind: bytes) -> tuple[int, int] | None:
    """Start and end of the content of the first box of this type."""
    for found, content, end in boxes(header, start, stop):
        if found == kind:
            return content, end
    return None


def int_at(data: bytes, place: int, size: int) -> int:
    """The integer at an offset."""
    return int.from_bytes(data[place : place + size], "big")


#: Signs of ``a b c d`` in a track's matrix -> EXIF orientation.
_MATRICES = {
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}


def mp4_rotation(header: Header) -> tuple[int | None, int, int]:
    """The EXIF orientation of the first video track, and its width and height before rotation.

    The track's matrix is ``a b u c d v x y w``.
    """
    movie = find_box(header, 0, None, b"moov")
    for kind, start, stop in boxes(header, *movie) if movie else ():
        if kind != b"trak":
            continue
        box = find_box(header, start, stop, b"tkhd")
        if box is None:
            continue
        # Version 1 has three numbers of 8 bytes instead of 4.
        long = header.exactly(box[0], 1)[0] == 1
        content = header.exactly(box[0] + (12 if long else 0), 84)
        width, height = int_at(content, 76, 2), int_at(content, 80, 2)
        if width and height:  # a track of sound has neither
            a, b, c, d = (_sign(int_at(content, place, 4)) for place in (40, 44, 52, 56))
            return _MATRICES.get((a, b, c, d)), width, height
    return None, 0, 0


def _sign(number: int) -> int:
    """The sign of a four-byte number: -1, 0 or 1."""
    return -1 if number >> 31 else min(number, 1)
