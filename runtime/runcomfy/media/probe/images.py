"""Images: width, height and orientation from the header, without decoding.

These are our own small readers. imagesize 2.0.1, the fastest library, takes 2.5 times as long for an open file;
it opens strings as files and fetches URLs, swallows exceptions of reads, reads up to 64 KB of EXIF data for one
number, and misreads GIFs wider than 32,767 pixels, scaled WebPs, OS/2 bitmaps, big-endian BigTIFFs and rotated
AVIFs. Pillow takes three times as long, does not read HEIC, and reads an AVIF completely. The tests compare these
readers with both.
"""

from __future__ import annotations

from runcomfy.media.formats import FORMATS

from .header import Damaged, Unreadable
from .heif import heif_facts
from .isobmff import find_box
from .tiff import exif_orientation, tiff_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .header import Header

    Facts = tuple[int, int, int | None]

__all__ = ["picture_facts"]

#: The largest width or height of these formats.
_LARGEST = 2**31 - 1
#: Parts of a file that are gone through for its facts.
_MOST_PARTS = 1000

_DAMAGED = "its header is damaged"


def picture_facts(name: str, header: Header) -> Facts:
    """Width and height as displayed, and EXIF orientation, of an image of a format.

    Raises ``Unreadable``.
    """
    reader = _READERS.get(name)
    if reader is None:
        raise Unreadable(f"its width and height are not read: it is {FORMATS[name].words}")
    width, height, orientation = reader(header)
    if not (0 < width <= _LARGEST and 0 < height <= _LARGEST):
        raise Damaged(f"{_DAMAGED}: it is {width} × {height} pixels")
    if orientation is None or not 1 <= orientation <= 8:
        return width, height, None
    return (height, width, orientation) if orientation > 4 else (width, height, orientation)


def _png(header: Header) -> Facts:
    head = header.exactly(0, 33)
    if head[12:16] != b"IHDR":
        raise Damaged(_DAMAGED)
    width, height = _big(head[16:20]), _big(head[20:24])
    place = 33
    for _ in range(_MOST_PARTS):  # EXIF data counts where it stands before the pixels
        head = header.at(place, 8)
        if head[4:] == b"eXIf":
            return width, height, exif_orientation(header, place + 8)
        if len(head) < 8 or head[4:] == b"IDAT":
            break
        place += 12 + _big(head[:4])
    return width, height, None


#: Markers of a JPEG that are followed by the size; those between them are tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EXIF, _PIXELS, _END = 0xE1, 0xDA, 0xD9
#: Markers without a length behind them, and the bytes that they take.
_LONE = {0xFF: 1, 0x00: 2, 0x01: 2, **dict.fromkeys(range(0xD0, 0xD9), 2)}
_STRAY = 256


def _jpeg(header: Header) -> Facts:
    orientation = None
    place = 2
    for _ in range(_MOST_PARTS):
        head = header.at(place, 10)
        if len(head) < 10:
            raise Damaged("its header is truncated")
        marker = head[1]
        if head[0] != 0xFF:  # stray bytes are skipped, as every decoder does
            found = header.at(place, _STRAY).find(b"\xff")
            place += _STRAY if found < 0 else found
            continue
        if marker in (_PIXELS, _END):
            raise Damaged(_DAMAGED)
        if marker in _FRAMES:
            return _big(head[7:9]), _big(head[5:7]), orientation
        if marker == _EXIF and orientation is None and head[4:] == b"Exif\0\0":
            orientation = exif_orientation(header, place + 4)
        place += _LONE.get(marker) or 2 + _big(head[2:4])
    raise Unreadable("its header is too long")


def _gif(header: Header) -> Facts:
    head = header.exactly(0, 10)
    return _little(head[6:8]), _little(head[8:10]), None


def _webp(header: Header) -> Facts:
    head = header.exactly(0, 30)
    form = head[12:16]
    if form == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        # The first two bits are a scale.
        return _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF, None
    if form == b"VP8L" and head[20] == 0x2F:
        bits = _little(head[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, None
    if form == b"VP8X":
        # EXIF data turns an image, and no animation.
        turned = head[20] & 0b1010 == 0b1000
        orientation = _webp_orientation(header) if turned else None
        return _little(head[24:27]) + 1, _little(head[27:30]) + 1, orientation
    raise Damaged(_DAMAGED)


def _webp_orientation(header: Header) -> int | None:
    place = 30  # behind the first chunk
    for _ in range(_MOST_PARTS):
        head = header.at(place, 8)
        if len(head) < 8:
            break
        if head[:4] == b"EXIF":
            return exif_orientation(header, place + 8)
        size = _little(head[4:])
        place += 8 + size + size % 2
    return None


def _bmp(header: Header) -> Facts:
    head = header.exactly(0, 26)
    if head[14] == 12:  # OS/2
        return _little(head[18:20]), _little(head[20:22]), None
    width = int.from_bytes(head[18:22], "little", signed=True)
    height = int.from_bytes(head[22:26], "little", signed=True)
    return width, abs(height), None  # a negative height: from top to bottom


def _jp2(header: Header) -> Facts:
    if header.first.startswith(b"\xff\x4f"):  # the image alone, without boxes around it
        head = header.exactly(0, 24)
        return _big(head[8:12]) - _big(head[16:20]), _big(head[12:16]) - _big(head[20:24]), None
    inside = find_box(header, 0, None, b"jp2h")
    found = find_box(header, *inside, b"ihdr") if inside else None
    if found is None:
        raise Damaged("its header is truncated")
    size = header.exactly(found[0], 8)
    return _big(size[4:]), _big(size[:4]), None


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


_READERS: dict[str, Callable[[Header], Facts]] = {
    "png": _png,
    "jpeg": _jpeg,
    "gif": _gif,
    "webp": _webp,
    "tiff": tiff_facts,
    "avif": heif_facts,
    "heic": heif_facts,
    "bmp": _bmp,
    "jp2": _jp2,
}
