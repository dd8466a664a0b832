"""Embedding images, videos and audio in the notebook, so that they outlive their URLs at the service."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path

from runcomfy.media.formats import FORMATS, recognise

from .markup import attribute

__all__ = ["EMBEDDED_BYTES", "TOTAL_BYTES", "EmbeddingBudget", "content_at", "medium"]

#: The most bytes of one file that are embedded, and of all files of one thing that is shown.
EMBEDDED_BYTES = 5_000_000
TOTAL_BYTES = 20_000_000
_SIZE = "max-width:320px;max-height:320px;margin:4px 8px 4px 0"
#: The element for a file of each kind. Images are fetched without a referrer.
_SHOWN_AS = {
    "image": '<img src="{url}" alt="{name}" style="{size}" loading="lazy" referrerpolicy="no-referrer">',
    "video": '<video src="{url}" title="{name}" style="{size}" controls preload="metadata"></video>',
    "audio": '<audio src="{url}" title="{name}" controls preload="none"></audio>',
}


def medium(kind: str, url: str, name: str) -> str:
    """The element that shows a file of this kind; empty where browsers show none. ``url`` was checked by the caller."""
    form = _SHOWN_AS.get(kind, "")
    return form.format(url=attribute(url), name=attribute(name), size=_SIZE)


class EmbeddingBudget:
    """How much one thing that is shown may still embed."""

    def __init__(self, total: int = TOTAL_BYTES) -> None:
        self._left = total

    def embedded(self, content: bytes, name: str) -> str:
        """The element with the content in it; empty if it is too large, or no medium by its first bytes.

        What it is called plays no part: an SVG or a web page under the name of an image is not embedded.
        """
        if not 0 < len(content) <= min(EMBEDDED_BYTES, self._left):
            return ""
        found = FORMATS.get(recognise(content[:4096]) or "")
        if found is None or found.kind not in _SHOWN_AS:
            return ""
        self._left -= len(content)
        data = b64encode(content).decode("ascii")
        return medium(found.kind, f"data:{found.media_types[0]};base64,{data}", name)

    def files(self, paths: Iterable[Path]) -> str:
        """The files on the disk that can be embedded, one after the other."""
        return "".join(self.embedded(content_at(path) or b"", path.name) for path in paths)


def content_at(path: Path) -> bytes | None:
    """The content of a file that exists and is small enough to be embedded, or ``None``."""
    try:
        if not path.is_file() or path.stat().st_size > EMBEDDED_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None
