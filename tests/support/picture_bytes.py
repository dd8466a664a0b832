"""Small pictures, made by Pillow or byte by byte."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

__all__ = [
    "saved",
    "followed",
    "exif",
    "animated",
    "png_chunk",
    "png",
    "jpeg_segment",
    "jpeg",
    "jpeg_sized",
    "webp",
    "bmp",
    "bmp_info",
    "tiff",
    "box",
    "heic",
    "with_ispe",
    "patched",
]


def saved(kind: str, width: int = 40, height: int = 30, mode: str = "RGB", **options: Any) -> bytes:
    """A one-colour picture as Pillow writes it."""
    file = BytesIO()
    Image.new(mode, (width, height)).save(file, kind, **options)
    return file.getvalue()


def followed(kind: str) -> bytes:
    """A picture with rubbish behind it."""
    return saved(kind) + b"\xff" * 5000


def exif(orientation: int, note: str = "") -> Image.Exif:
    """EXIF data with an orientation, and as long a note as wanted."""
    data = Image.Exif()
    data[0x0112] = orientation
    if note:
        data[0x010E] = note
    return data


def animated(kind: str, **options: Any) -> bytes:
    file = BytesIO()
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue", "green")]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], **options)
    return file.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + crc


def png(width: int, height: int, *chunks: bytes, depth: int = 8, laced: int = 0) -> bytes:
    """A PNG of which only the header is true."""
    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, laced)
    body = (*chunks, png_chunk(b"IDAT", zlib.compress(b"\0" * 8)), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + b"".join(body)


def jpeg_segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def jpeg(*segments: bytes) -> bytes:
    """A small JPEG with more segments in front of those it has."""
    content = saved("JPEG")
    return content[:2] + b"".join(segments) + content[2:]


def jpeg_sized(width: int, height: int) -> bytes:
    """A JPEG that says so in its header."""
    content = bytearray(saved("JPEG"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def webp(form: bytes, body: bytes) -> bytes:
    chunk = form + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def bmp(header: bytes) -> bytes:
    return struct.pack("<2sIHHI", b"BM", 100, 0, 0, 54) + header + b"\0" * 46


def bmp_info(width: int, height: int, size: int = 40) -> bytes:
    return bmp(struct.pack("<IiiHH", size, width, height, 1, 24).ljust(size, b"\0"))


def tiff(order: str, *entries: tuple[int, int, int], big: bool = False, gap: int = 0) -> bytes:
    """A TIFF of one directory: entries of tag, type and value."""
    mark = b"II" if order == "<" else b"MM"
    if big:
        head = mark + struct.pack(order + "HHHQ", 43, 8, 0, 16 + gap)
        count = struct.pack(order + "Q", len(entries))
    else:
        head = mark + struct.pack(order + "HI", 42, 8 + gap)
        count = struct.pack(order + "H", len(entries))
    body = b""
    for tag, kind, value in entries:
        packed = struct.pack(order + {3: "H", 4: "I", 16: "Q"}[kind], value)
        one = struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, 1)
        body += one + packed.ljust(8 if big else 4, b"\0")
    return head + b"\0" * gap + count + body + b"\0" * 8


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def heic(*, brand: bytes = b"heic", **options: Any) -> bytes:
    """An AVIF with the names of a HEIC: the boxes are the same."""
    content = saved("AVIF", **options).replace(b"av01", b"hvc1").replace(b"av1C", b"hvcC")
    start = content[:4]
    brands = brand + b"\0\0\0\0" + b"mif1heic"
    return box(b"ftyp", brands) + content[int.from_bytes(start, "big") :]


def with_ispe(width: int, height: int) -> bytes:
    """An AVIF that says so in its header."""
    content = bytearray(saved("AVIF"))
    place = content.index(b"ispe") + 8
    content[place : place + 8] = struct.pack(">II", width, height)
    return bytes(content)


def patched(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new, 1)
