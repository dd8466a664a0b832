"""The targets of downloads: folders and buckets."""

from __future__ import annotations

from typing import Protocol, TypeVar

__all__ = ["Part", "PlaceT", "Sink", "Target"]

#: Where a file is when it is complete: a path, or the URL of an object.
PlaceT = TypeVar("PlaceT", covariant=True)


class Sink(Protocol):
    """The target of a download. ``blocks`` says that writing may block."""

    blocks: bool

    @property
    def first(self) -> bytes:
        """The first bytes received."""
        ...

    def rewind(self, size: int) -> None:
        """Keep the first ``size`` bytes only."""

    def write(self, data: bytes) -> None:
        """Add to the end."""


class Part(Sink, Protocol[PlaceT]):
    """A file that is not complete, and will have a place."""

    def publish(self, content_type: str) -> PlaceT:
        """Put the complete file in its place, in one step."""
        ...

    def discard(self) -> None:
        """Delete the partial file, unless it was published."""


class Target(Protocol[PlaceT]):
    """Where a file shall be."""

    def check(self) -> None:
        """Raise ``OSError`` for a place that is taken, before anything is fetched."""

    def part(self) -> Part[PlaceT]:
        """The file that is not complete yet."""
        ...
