"""Which format a file has: told by how it begins, never by its name."""

from __future__ import annotations

__all__ = ["HEAD", "KINDS", "recognise"]

#: How much of the start of a file has to be at hand to recognise it.
HEAD = 64

#: Every format that is recognised, and what kind of file it is. A container of videos can turn out
#: to hold sound only.
KINDS = {
    "png": "image",
    "jpeg": "image",
    "webp": "image",
    "gif": "image",
    "avif": "image",
    "heic": "image",
    "tiff": "image",
    "bmp": "image",
    "mp4": "video",
    "mov": "video",
    "webm": "video",
    "mkv": "video",
    "wav": "audio",
    "mp3": "audio",
    "ogg": "audio",
}

#: First bytes -> format, where they say it all.
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),  # more than 4 GB: BigTIFF
    (b"MM\0+", "tiff"),
    (b"OggS", "ogg"),
    (b"ID3", "mp3"),
)
#: Brand of an ISO media file -> format; any other brand is a kind of MP4.
_BRANDS = {
    b"avif": "avif",
    b"avis": "avif",
    b"heic": "heic",
    b"heix": "heic",
    b"heim": "heic",
    b"heis": "heic",
    b"hevc": "heic",
    b"hevx": "heic",
    b"qt  ": "mov",
}
#: Brands of pictures that leave open how they are compressed; the compatible brands tell.
_OPEN_BRANDS = (b"mif1", b"msf1", b"miaf")
#: How a QuickTime file begins that is older than brands.
_ATOMS = (b"moov", b"mdat", b"wide", b"pnot")
_RIFF = {b"WEBP": "webp", b"WAVE": "wav"}


def recognise(head: bytes) -> str | None:
    """The format of a file that begins like this, ``None`` where nobody knows it."""
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _branded(head)
    if head[4:8] in _ATOMS:
        return "mov"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm" if b"webm" in head[:HEAD] else "mkv"
    # Two letters are a weak mark, so the size of the second header is held against its known ones.
    if head.startswith(b"BM") and head[14:18] in _BMP_HEADERS:
        return "bmp"
    return "mp3" if _is_mp3_frame(head) else None


_BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124)}


def _branded(head: bytes) -> str:
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[place : place + 4] for place in range(16, end, 4))]
    if brands[0] in _OPEN_BRANDS:
        found = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
        return found[0] if found else "heic"
    return _BRANDS.get(brands[0], "mp4")


def _is_mp3_frame(head: bytes) -> bool:
    """Whether an MPEG audio frame of layer III begins here, with a bit rate and a sample rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[2] >> 4 not in (0, 15) and head[2] & 0x0C != 0x0C
