"""Thumbnails for the gallery, small enough to be embedded in the page."""

from __future__ import annotations

import base64
import io
from pathlib import Path

__all__ = ["SIDE", "thumbnail"]

#: The longest side of a thumbnail, in pixels.
SIDE = 320
#: Larger images get no thumbnail: decoding them takes longer than the rest of the page.
_MOST_PIXELS = 60_000_000


def thumbnail(path: Path, kind: str) -> str:
    """A data URI for an image file; empty for another kind, an unreadable file, or without Pillow."""
    if kind != "image":
        return ""
    try:
        from PIL import Image
    except ImportError:
        return ""
    try:
        with Image.open(path) as image:
            if image.width * image.height > _MOST_PIXELS:
                return ""
            image.draft("RGB", (SIDE, SIDE))
            image.thumbnail((SIDE, SIDE))
            small = image.convert("RGBA" if "A" in image.getbands() else "RGB")
    except Exception:  # noqa: BLE001  # Pillow raises what its decoders raise; the page shows the file itself then
        return ""
    content = io.BytesIO()
    small.save(content, "WEBP", quality=70)
    return "data:image/webp;base64," + base64.b64encode(content.getvalue()).decode("ascii")
