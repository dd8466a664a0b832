"""AVIF and HEIC: the dimensions and the rotation of the primary image.

imagesize 2.0.1 takes the ``irot`` box for damaged, and a hostile ``iloc`` box makes it take gigabytes;
Pillow reads the whole file for an AVIF, and no HEIC at all.
"""

from __future__ import annotations

from .header import Damaged, Unreadable
from .isobmff import boxes, find_box, int_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .header import Header

__all__ = ["heif_facts"]

#: The limit of an ``ipma`` box: some thousand images with their properties.
_LONGEST = 2**16

#: Quarter turns against the clock, then the mirror's axis (``None``: no mirror) -> EXIF orientation.
_ORIENTATIONS = {
    (0, None): 1,
    (1, None): 8,
    (2, None): 3,
    (3, None): 6,
    (0, 0): 4,
    (1, 0): 5,
    (2, 0): 2,
    (3, 0): 7,
    (0, 1): 2,
    (1, 1): 7,
    (2, 1): 4,
    (3, 1): 5,
}


def heif_facts(header: Header) -> tuple[int, int, int | None]:
    """Width, height and orientation. Boxes, not EXIF data, rotate these images."""
    meta = _within(header, 0, None, b"meta")
    inside = meta[0] + 4, meta[1]  # version and flags come first
    primary = _primary(header, *_within(header, *inside, b"pitm"))
    properties = _within(header, *inside, b"iprp")
    mine = _properties_of(primary, header, *_within(header, *properties, b"ipma"))
    width = height = turns = 0
    axis = None
    listed = boxes(header, *_within(header, *properties, b"ipco"))
    for place, (kind, content, _) in enumerate(listed, 1):
        if place not in mine:
            continue
        if kind == b"ispe":
            size = header.exactly(content, 12)
            width, height = int_at(size, 4, 4), int_at(size, 8, 4)
        elif kind == b"irot":
            turns = header.exactly(content, 1)[0] & 3
        elif kind == b"imir":
            axis = header.exactly(content, 1)[0] & 1
    transformed = turns or axis is not None
    return width, height, _ORIENTATIONS[turns, axis] if transformed else None


def _within(header: Header, start: int, stop: int | None, kind: bytes) -> tuple[int, int]:
    found = find_box(header, start, stop, kind)
    if found is None:
        raise Damaged(f"its header is damaged: there is no {kind.decode()} box")
    return found


def _primary(header: Header, start: int, _stop: int) -> int:
    box = header.exactly(start, 6)
    return int_at(box, 4, 2) if box[0] == 0 else int_at(header.exactly(start, 8), 4, 4)


def _properties_of(item: int, header: Header, start: int, stop: int) -> set[int]:
    """The 1-based indexes of an item's properties in the list of all properties."""
    if stop - start > _LONGEST:
        raise Unreadable("its header is too long")
    table = header.exactly(start, stop - start)
    id_size = 2 if table[:1] == b"\0" else 4
    place_size = 2 if int_at(table, 1, 3) & 1 else 1
    mask = 0x7FFF if place_size == 2 else 0x7F  # the first bit says whether it is essential
    at = 8
    while at + id_size < len(table):
        count = table[at + id_size]
        first = at + id_size + 1
        after = first + count * place_size
        if int_at(table, at, id_size) == item:
            return {int_at(table, i, place_size) & mask for i in range(first, after, place_size)}
        at = after
    raise Damaged("its header is damaged: its image has no size")
