"""Which format a file has: told by how it begins, never by its name."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runcomfy.media.probe.info import MediaInfo

__all__ = [
    "HEAD",
    "KINDS",
    "UNKNOWN",
    "ending_of",
    "extension_for",
    "kind_of",
    "known_extension",
    "media_type_of",
    "recognise",
]

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


UNKNOWN = "application/octet-stream"


#: Format, as ``MediaInfo`` names it -> media type and ending.
_FORMATS = {
    "png": ("image/png", ".png"),
    "jpeg": ("image/jpeg", ".jpg"),
    "webp": ("image/webp", ".webp"),
    "gif": ("image/gif", ".gif"),
    "avif": ("image/avif", ".avif"),
    "heic": ("image/heic", ".heic"),
    "tiff": ("image/tiff", ".tif"),
    "bmp": ("image/bmp", ".bmp"),
    "mp4": ("video/mp4", ".mp4"),
    "mov": ("video/quicktime", ".mov"),
    "webm": ("video/webm", ".webm"),
    "mkv": ("video/x-matroska", ".mkv"),
    "wav": ("audio/wav", ".wav"),
    "mp3": ("audio/mpeg", ".mp3"),
    "ogg": ("audio/ogg", ".ogg"),
}


_BY_ENDING = {ending: media_type for media_type, ending in _FORMATS.values()}
_BY_ENDING |= {".jpeg": "image/jpeg", ".tiff": "image/tiff"}


#: Containers that hold sound, or moving pictures, under one format.
_CONTAINERS = {"video/mp4", "video/webm", "video/x-matroska", "audio/ogg"}


def media_type_of(info: MediaInfo, name: str) -> str:
    """The media type of a file: by its header, else by its name, else ``UNKNOWN``."""
    if info.format not in _FORMATS:
        return _BY_ENDING.get(_ending(name), UNKNOWN)
    media_type = _FORMATS[info.format][0]
    if info.kind and media_type in _CONTAINERS:
        return f"{info.kind}/{media_type.partition('/')[2]}"
    return media_type


def ending_of(info: MediaInfo, name: str) -> str:
    """The usual ending of such files; the name's own, where it is one of a known type, else ``""``."""
    if info.format in _FORMATS:
        return _FORMATS[info.format][1]
    return _ending(name) if _ending(name) in _BY_ENDING else ""


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122  # it is a text, and stays one


#: Extensions that a saved file may have, by kind. Any other one in an address becomes part of the name:
#: a service should not be able to leave a program in somebody's folder.
_EXTENSIONS = {
    "image": ".png .jpg .jpeg .webp .gif .avif .heic .heif .tif .tiff .bmp .jxl .exr .hdr .psd",
    "video": ".mp4 .mov .webm .mkv .m4v .avi .mpg .mpeg",
    "audio": ".mp3 .wav .ogg .oga .opus .flac .aac .m4a .aiff .aif",
    "file": ".json .txt .csv .srt .vtt .zip .glb .gltf .obj .fbx .ply .stl .usdz .splat .mid .safetensors",
}


_KINDS = {name: kind for kind, names in _EXTENSIONS.items() for name in names.split()}


_BY_CONTENT_TYPE = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/tiff": ".tiff",
    "image/bmp": ".bmp",
    "image/jxl": ".jxl",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/vnd.wave": ".wav",
    "audio/ogg": ".ogg",
    "audio/opus": ".opus",
    "audio/flac": ".flac",
    "audio/x-flac": ".flac",
    "audio/aac": ".aac",
    "audio/mp4": ".m4a",
    "application/json": ".json",
    "application/zip": ".zip",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "model/gltf-binary": ".glb",
    "model/gltf+json": ".gltf",
    "model/stl": ".stl",
}


#: The first bytes of a file: where they are, what they are, what they mean.
_MAGIC = (
    (0, b"\x89PNG\r\n\x1a\n", ".png"),
    (0, b"\xff\xd8\xff", ".jpg"),
    (8, b"WEBP", ".webp"),
    (8, b"WAVE", ".wav"),
    (0, b"GIF8", ".gif"),
    (4, b"ftypavif", ".avif"),
    (4, b"ftypheic", ".heic"),
    (4, b"ftypqt", ".mov"),
    (4, b"ftypM4A", ".m4a"),
    (4, b"ftyp", ".mp4"),
    (0, b"\x1aE\xdf\xa3", ".webm"),
    (0, b"ID3", ".mp3"),
    (0, b"\xff\xfb", ".mp3"),
    (0, b"OggS", ".ogg"),
    (0, b"fLaC", ".flac"),
    (0, b"glTF", ".glb"),
    (0, b"PK\x03\x04", ".zip"),
    (0, b"II*\x00", ".tiff"),
    (0, b"MM\x00*", ".tiff"),
)


def known_extension(name: str) -> str:
    """The extension of a name in lower case, if it is one that a saved file may have; else empty."""
    extension = PurePosixPath(name).suffix.lower()
    return extension if extension in _KINDS else ""


def kind_of(name: str) -> str:
    """``image``, ``video``, ``audio`` or ``file``, by the extension."""
    return _KINDS.get(known_extension(name), "file")


def extension_for(content_type: str, first: bytes) -> str:
    """The extension for a file whose name has none: by its first bytes, else its content type."""
    for start, magic, extension in _MAGIC:
        if first[start : start + len(magic)] == magic:
            return extension
    return _BY_CONTENT_TYPE.get(content_type.partition(";")[0].strip().lower(), ".bin")
