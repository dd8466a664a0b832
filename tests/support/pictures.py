"""Real picture files, made small."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import Any

from PIL import Image


def picture(width: int, height: int, kind: str = "PNG", **options: Any) -> bytes:
    """The content of a one-colour picture."""
    content = BytesIO()
    Image.new("RGB", (width, height)).save(content, kind, **options)
    return content.getvalue()


def turned(width: int, height: int, kind: str) -> bytes:
    """A picture that is stored so, and is to be shown turned by 90 degrees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return picture(width, height, kind, exif=exif)


def data_uri(content: bytes) -> str:
    """The content as a data URI."""
    return "data:image/png;base64," + b64encode(content).decode()
