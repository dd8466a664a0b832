"""The facts of a file, from its header: never by decoding it, never by reading all of it.

Width and height are those of the picture *as it is shown*: where the header says that a JPEG or AVIF
is to be turned by 90 degrees (EXIF orientation, ``irot``), the two change places. That is what a
browser and a viewer show, and what a person who reads "at least 384 pixels wide" can look up.
"""

from __future__ import annotations

import os
import stat
from io import BytesIO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    #: What stands for a file: its path, or its content.
    Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO

__all__ = ["MediaInfo", "NeedBytes", "content_of", "probe"]

#: What a header may cost. Photos with depth maps carry megabytes before the size of the picture.
MAX_BYTES = 8 * 2**20
MAX_READS = 20_000

#: How the files begin whose headers are read: where the mark stands, and the mark.
_MARKS = {
    "png": (0, b"\x89PNG\r\n\x1a\n"),
    "jpeg": (0, b"\xff\xd8\xff"),
    "gif87": (0, b"GIF87a"),
    "gif89": (0, b"GIF89a"),
    "webp": (8, b"WEBP"),
    "avif": (4, b"ftyp"),
}


class NeedBytes(Exception):
    """A file of which only parts are at hand lacks the bytes from ``start`` up to ``stop``.

    ``read`` of such a file raises it, ``probe`` lets it through, and whoever gave the file fetches
    the bytes and probes again.
    """

    def __init__(self, start: int, stop: int) -> None:
        super().__init__(f"bytes {start} to {stop} are not at hand")
        self.start = start
        self.stop = stop


class MediaInfo:
    """What is known of a file. What could not be found out is ``None``, and ``reason`` says why.

    ``kind`` is ``"image"``, ``"video"`` or ``"audio"``, ``format`` a short name such as ``"png"`` or
    ``"mp4"``, ``size`` is in bytes, ``width`` and ``height`` are in pixels as the picture is shown,
    ``duration`` is in seconds, ``frame_rate`` in frames a second, ``orientation`` is that of EXIF, 1
    to 8.
    """

    __slots__ = (
        "duration",
        "format",
        "frame_rate",
        "height",
        "kind",
        "orientation",
        "reason",
        "size",
        "width",
    )

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

    def as_dict(self) -> dict[str, object]:
        """The facts as plain data, for JSON; those that are not known are left out."""
        known = ((name, getattr(self, name)) for name in _FACTS)
        return {name: value for name, value in known if value is not None and value != ""}

    def __repr__(self) -> str:
        known = ", ".join(f"{name}={value!r}" for name, value in self.as_dict().items())
        return f"MediaInfo({known})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MediaInfo):
            return NotImplemented
        return self.as_dict() == other.as_dict()

    # The facts can be filled in, so there is nothing stable to hash.
    __hash__ = None  # type: ignore[assignment]  # the documented way to say "unhashable"


#: The facts in the order in which they are told.
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


def probe(source: Source) -> MediaInfo:
    """The facts of a file, given by its path or its content. A bad file gives a reason.

    >>> probe("cat.png")
    MediaInfo(kind='image', format='png', size=20118, width=640, height=480)
    """
    if hasattr(source, "read"):
        return _probe_file(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        content = bytes(source)
        return _read(BytesIO(content), len(content))
    path = os.fspath(source)
    try:
        # Opening a pipe would wait for its writer, and a device has no end.
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  # pathlib is slow to import
            return MediaInfo(reason="it is no regular file")
        with open(path, "rb") as file:  # noqa: PTH123  # likewise
            return _read(file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        return MediaInfo(reason=f"the file cannot be read: {error.strerror or error}")
    except ValueError as error:  # a NUL in the path
        return MediaInfo(reason=f"the file cannot be read: {error}")


def _probe_file(file: Any) -> MediaInfo:
    place = file.tell()
    try:
        size = file.seek(0, 2)
        file.seek(0)
        return _read(file, size)
    finally:
        file.seek(place)


def content_of(url: str) -> bytes | None:
    """The content of a data URI, or ``None`` where it is not well-formed.

    >>> content_of("data:text/plain;base64,aGk=")
    b'hi'
    """
    head, comma, body = url.partition(",")
    if not comma:
        return None
    if not head.rstrip().casefold().endswith(";base64"):
        from urllib.parse import unquote_to_bytes

        return unquote_to_bytes(body)
    from binascii import Error, a2b_base64

    if "%" in body:
        from urllib.parse import unquote

        body = unquote(body)
    body = "".join(body.split())
    try:
        # Browsers do without the padding, so it is no fault here.
        return a2b_base64(body + "=" * (-len(body) % 4), strict_mode=True)
    except (Error, ValueError):
        return None


class _Header:
    """A binary file that gives out a limited amount, so that a hostile header costs little."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._bytes = MAX_BYTES
        self._reads = MAX_READS
        self.exhausted = False
        self.missing: NeedBytes | None = None

    def read(self, size: int = -1) -> bytes:
        self._reads -= 1
        if size < 0 or size > self._bytes or self._reads < 0:
            self.exhausted = True
            raise OSError("the header is too long")
        try:
            data = self._file.read(size)
        except NeedBytes as missing:
            self.missing = missing
            raise
        self._bytes -= len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)


class _BoxHeader(_Header):
    """The header of an AVIF without its ``irot`` boxes, which imagesize 2.0.1 takes for damaged."""

    def read(self, size: int = -1) -> bytes:
        return super().read(size).replace(b"irot", b"free")


def _read(file: BinaryIO, size: int) -> MediaInfo:
    kind = _kind(file.read(16))
    if kind is None:
        told = "width and height are read from PNG, JPEG, WebP, GIF and AVIF only"
        return MediaInfo(size=size, reason=told)
    try:
        from imagesize import get  # type: ignore[import-untyped]  # it ships no annotations
    except ImportError:
        told = "width and height need another library: pip install 'runcomfy[media]'"
        return MediaInfo(size=size, reason=told)
    # It is handed a file and never a text, which it would open as a path, or fetch as a URL. Of an
    # AVIF it is not asked for the rotation: a hostile ``iloc`` box would make it take gigabytes.
    header = _BoxHeader(file) if kind == "avif" else _Header(file)
    width, height = get(header, exif_rotation=kind != "avif")
    if header.missing is not None:
        raise header.missing
    if header.exhausted:
        return MediaInfo(size=size, reason=f"its {kind} header is too long")
    # A fault of the header comes back as -1.
    if not (isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0):
        return MediaInfo(size=size, reason=f"its {kind} header is damaged")
    if kind == "avif" and _is_turned(file):
        width, height = height, width
    return MediaInfo(kind="image", format=kind, size=size, width=width, height=height)


def _is_turned(file: BinaryIO) -> bool:
    """Whether an AVIF holds an ``irot`` box (9 bytes, the last is the angle) of 90 or 270 degrees."""
    file.seek(0)
    properties, _, _ = file.read(2**16).partition(b"mdat")
    _, box, angle = properties.partition(b"\x00\x00\x00\x09irot")
    return bool(box and angle and angle[0] & 1)


def _kind(start: bytes) -> str | None:
    for kind, (offset, mark) in _MARKS.items():
        if start[offset : offset + len(mark)] == mark:
            return kind.rstrip("789")
    return None
