"""TIFF directories: the dimensions and the rotation of TIFF images, and the rotation in EXIF data.

imagesize reads no big-endian BigTIFF, and no EXIF data of PNG and WebP; of a JPEG it reads up to
64 KB of EXIF data for one number. EXIF data is a TIFF, so one small reader serves all of them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from .header import Header

    PreparedRequest = Literal["little", "big"]

__all__ = ["exif_orientation", "tiff_facts"]

_WIDTH, _HEIGHT, _ORIENTATION = 256, 257, 274
#: Entries are sorted by tag, and few have a lower one than these.
_ENTRIES = 64
#: Type -> bytes of a value: SHORT, LONG, LONG8.
_SIZES = {3: 2, 4: 4, 16: 8}
_ORDERS: dict[bytes, PreparedRequest] = {b"II": "little", b"MM": "big"}


def tiff_facts(header: Header) -> tuple[int, int, int | None]:
    """Width, height and orientation of the first image of a TIFF."""
    tags = _tags(header, 0)
    return tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0), tags.get(_ORIENTATION)


def exif_orientation(header: Header, start: int) -> int | None:
    """The orientation in the EXIF data that begins at ``start``; invalid data is ignored."""
    if header.at(start, 6) == b"Exif\0\0":
        start += 6
    return _tags(header, start).get(_ORIENTATION)


def _tags(header: Header, start: int) -> dict[int, int]:
    """The single numbers in the first directory, by tag."""
    head = header.at(start, 16)
    order = _ORDERS.get(head[:2])
    if order is None or len(head) < 8:
        return {}
    big = head[2:4] == (43).to_bytes(2, order)
    # A count of entries; an entry: tag, type, count of values, value.
    count_size, entry_size, value_at = (8, 20, 12) if big else (2, 12, 8)
    place = start + int.from_bytes(head[8:16] if big else head[4:8], order)
    count = int.from_bytes(header.at(place, count_size), order)
    entries = header.at(place + count_size, min(count, _ENTRIES) * entry_size)
    tags: dict[int, int] = {}
    for at in range(0, len(entries) - entry_size + 1, entry_size):
        entry = entries[at : at + entry_size]
        size = _SIZES.get(int.from_bytes(entry[2:4], order))
        if size and int.from_bytes(entry[4:value_at], order) == 1:
            tag = int.from_bytes(entry[:2], order)
            value = entry[value_at : value_at + size]
            tags.setdefault(tag, int.from_bytes(value, order))
    return tags
