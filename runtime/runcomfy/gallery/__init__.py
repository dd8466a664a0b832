"""A gallery of results: one HTML file with images, videos and audio, their inputs, cost and time."""

from __future__ import annotations

from .item import GalleryFile, GalleryItem, items_of
from .page import write_gallery

__all__ = ["GalleryFile", "GalleryItem", "items_of", "write_gallery"]
