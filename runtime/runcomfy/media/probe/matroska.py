"""The rotation of a Matroska video, which PyAV reports for decoded frames only."""

from __future__ import annotations

from .isobmff import int_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .header import Header

__all__ = ["mkv_rotation"]

#: Quarter turns against the clock -> EXIF orientation.
_ROLLS = {1: 8, 2: 3, 3: 6}

#: EBML ids on the way to the roll of a Matroska video: Tracks, TrackEntry, Video, Projection, Roll.
_PATH = (0x1654AE6B, 0xAE, 0xE0, 0x7670, 0x7675)
_SEGMENT = 0x18538067
#: The number of elements examined on one level.
_MOST = 200


def mkv_rotation(header: Header) -> int | None:
    """The EXIF orientation of the first track with a rotation."""
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
    """The length of an EBML number in bytes, by its leading zero bits; 0 if invalid."""
    return 9 - data[0].bit_length() if data and data[0] else 0
