"""The media type and the ending of a file, by the format that its header shows."""

from __future__ import annotations

import os

from runcomfy.media.probe import MediaInfo

__all__ = ["UNKNOWN", "ending_of", "media_type_of"]

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
