"""The gallery's page: one HTML file with its style, script and thumbnails inside."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from runcomfy.errors import MissingExtra
from runcomfy.whole_files import write_whole

from .item import GalleryFile, GalleryItem
from .thumbnails import thumbnail

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["write_gallery"]


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file on the page: its relative link, its kind or "missing", and its embedded thumbnail, if any."""

    link: str
    name: str
    kind: str
    thumbnail: str


def write_gallery(
    items: Iterable[GalleryItem], path: str | os.PathLike[str], *, title: str = "Gallery"
) -> Path:
    """Write the gallery to ``path`` and return it. Files are linked relative to its folder; nothing is loaded from the network.

    Raises ``MissingExtra`` without Jinja, and ``OSError`` if the file cannot be written.

    >>> write_gallery(items_of(journal.entries()), "batch/gallery.html")
    PosixPath('batch/gallery.html')
    """
    page = Path(path)
    rows = [(item, [_shown(file, page.parent) for file in item.files]) for item in items]
    text = _template().render(
        title=title,
        rows=rows,
        states=sorted({item.state for item, _ in rows}),
        total=sum(item.cost or 0.0 for item, _ in rows),
        style=_asset("gallery.css"),
        script=_asset("gallery.js"),
        script_hash=_hash(_asset("gallery.js")),
        style_hash=_hash(_asset("gallery.css")),
    )
    write_whole(page, text)
    return page


def _shown(file: GalleryFile, folder: Path) -> ShownFile:
    relative = os.path.relpath(file.path.resolve(), folder.resolve())
    link = quote(relative.replace(os.sep, "/"))
    if not file.path.exists():
        return ShownFile(link, file.path.name, "missing", "")
    return ShownFile(link, file.path.name, file.kind, thumbnail(file.path, file.kind))


@lru_cache(maxsize=1)
def _template() -> Template:
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise MissingExtra("the gallery", "gallery") from None
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_asset("gallery.html.jinja"))


@lru_cache
def _asset(name: str) -> str:
    return files("runcomfy.gallery").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What allows this script, and no other one, to run in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
