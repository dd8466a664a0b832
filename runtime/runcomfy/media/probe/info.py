"""``MediaInfo``: the facts of a file."""

from __future__ import annotations

__all__ = ["MediaInfo"]

#: The facts in the order in which they are shown.
_FACTS = (
    "kind",
    "format",
    "size",
    "width",
    "height",
    "duration",
    "frame_rate",
    "orientation",
    "reason",
)


class MediaInfo:
    """The facts of a file. Unknown facts are ``None``, and ``reason`` says why.

    ``kind`` is ``"image"``, ``"video"``, ``"audio"``, or ``"file"`` for any other recognised file; ``format`` is
    a short name such as ``"png"``, ``"mp4"`` or ``"html"``; ``size`` is in bytes, ``duration`` in seconds,
    ``frame_rate`` in frames per second. ``width`` and ``height`` are in pixels, of the image as displayed;
    ``orientation`` is the EXIF value (1 to 8) of its rotation, ``None`` if the file has none.
    """

    #: ``damaged``: the header is truncated or contradicts itself; ``reason`` has the details.
    __slots__ = (*_FACTS, "damaged")

    def __init__(
        self,
        *,
        kind: str | None = None,
        format: str | None = None,  # noqa: A002  # it is the name of the fact
        size: int | None = None,
        width: int | None = None,
        height: int | None = None,
        duration: float | None = None,
        frame_rate: float | None = None,
        orientation: int | None = None,
        reason: str = "",
        damaged: bool = False,
    ) -> None:
        self.kind = kind
        self.format = format
        self.size = size
        self.width = width
        self.height = height
        self.duration = duration
        self.frame_rate = frame_rate
        self.orientation = orientation
        self.reason = reason
        self.damaged = damaged

    def as_dict(self) -> dict[str, object]:
        """The facts as plain data, for JSON, without unknown ones."""
        known = ((name, getattr(self, name)) for name in _FACTS)
        return {name: value for name, value in known if value is not None and value != ""}

    def summary(self) -> str:
        """The facts in a few words: ``"png, 640 × 480 pixels, 20,118 bytes"``."""
        parts = [self.format or (self.reason if self.size is None else "") or "unknown format"]
        if self.width is not None:
            parts.append(f"{self.width} × {self.height} pixels")
        if self.duration is not None:
            parts.append(f"{self.duration:.2f} s")
        if self.frame_rate is not None:
            parts.append(f"{self.frame_rate:.4g} frames a second")
        if self.size is not None:
            parts.append(f"{self.size:,} bytes")
        return ", ".join(parts)

    def __repr__(self) -> str:
        known = ", ".join(f"{name}={value!r}" for name, value in self.as_dict().items())
        return f"MediaInfo({known})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MediaInfo):
            return NotImplemented
        return self.as_dict() == other.as_dict()

    # The facts can be filled in, so there is nothing stable to hash.
    __hash__ = None  # type: ignore[assignment]  # the documented way to say "unhashable"
