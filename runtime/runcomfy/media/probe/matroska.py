"""How a video is turned, which PyAV tells of decoded frames only."""

from __future__ import annotations

from .isobmff import boxes, find_box, int_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .header import Header

__all__ = ["mkv_turn", "mp4_turn"]

#: Signs of ``a b c d`` in a track's matrix -> EXIF orientation. Upright videos say nothing else.
_MATRICES = {
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
#: Quarter turns against the clock -> EXIF orientation.
_ROLLS = {1: 8, 2: 3, 3: 6}

#: EBML ids on the way to the roll of a Matroska video: Tracks, TrackEntry, Video, Projection, Roll.
_PATH = (0x1654AE6B, 0xAE, 0xE0, 0x7670, 0x7675)
_SEGMENT = 0x18538067
#: Elements looked at on one level.
_MOST = 200


def mp4_turn(header: Header) -> tuple[int | None, int, int]:
    """The EXIF orientation of the first video track, and its width and height before the turn.

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
    """-1, 0 or 1, for a number of four bytes."""
    return -1 if number >> 31 else min(number, 1)


def mkv_turn(header: Header) -> int | None:
    """The EXIF orientation of the first track with a roll."""
    found = _element(header, 0, None, _SEGMENT)
    for wanted in _PATH:
        found = _element(header, *found, wanted) if found else None
    if not found or found[1] - found[0] not in (4, 8):
        return None
    from math import isfinite
    from struct import unpack

    data = header.exactly(found[0], found[1] - found[0])
    roll: float = unpack(">f" if len(data) == 4 else ">d", data)[0]
    return _ROLLS.get(round(roll / 90) % 4) if isfinite(roll) else None


def _element(header: Header, start: int, stop: int | None, wanted: int) -> tuple[int, int] | None:
    """Start and end of the content of the first element with this id."""
    for _ in range(_MOST):
        if stop is not None and start >= stop:
            return None
        head = header.at(start, 12)
        id_size = _length(head)
        size_size = _length(head[id_size:])
        if not id_size or not size_size or len(head) < id_size + size_size:
            return None
        content = start + id_size + size_size
        size = int_at(head, id_size, size_size) & ~(-1 << 7 * size_size)
        unknown = size == (1 << 7 * size_size) - 1
        if int_at(head, 0, id_size) == wanted:
            return content, (stop or content + 2**40) if unknown else content + size
        if unknown:
            return None
        start = content + size
    return None


def _length(data: bytes) -> int:
    """How many bytes an EBML number has, told by the zeros before its first bit; 0: none."""
    return 9 - data[0].bit_length() if data and data[0] else 0
