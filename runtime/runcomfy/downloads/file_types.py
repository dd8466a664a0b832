"""Which extension a file gets, and of which kind it is: by its name, its content type, its first bytes."""

from __future__ import annotations

from pathlib import PurePosixPath

__all__ = ["extension_for", "kind_of", "known_extension"]

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
