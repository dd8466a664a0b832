"""``probe``: the facts of a file, read from its header without decoding it.

Width and height are those of the image *as displayed*: if the file specifies a rotation by 90 degrees (EXIF
orientation, the ``irot`` box of an AVIF, the matrix of a video), the two are swapped. Browsers and viewers
show the same numbers.
"""

from __future__ import annotations

import os
import stat
from io import BytesIO, TextIOBase

from runcomfy.media.data_uris import content_of
from runcomfy.media.formats import FORMATS, MEDIA, recognise

from .header import MAX_BYTES, Damaged, Header, NeedBytes, Unreadable, ask, read
from .images import picture_facts
from .info import MediaInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    #: A file: its path, its content, or an open binary file.
    Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO

__all__ = ["UNKNOWN_FORMAT", "MediaInfo", "NeedBytes", "content_of", "probe"]

#: The reason of a file whose format is not known.
UNKNOWN_FORMAT = "its format is unknown: its first bytes match no image, video or audio format"


def probe(source: Source) -> MediaInfo:
    """The facts of a file, given as a path, bytes, or an open binary file.

    A bad file gives a ``reason`` and raises nothing; what is no file raises ``TypeError``. At most 8 MiB are read. An open file is looked at
    from its first byte, and stands where it stood afterwards; one that cannot seek is read from
    where it stands, for up to 8 MiB, and its size is known if it ends within them.

    >>> probe("cat.png")
    MediaInfo(kind='image', format='png', size=20118, width=640, height=480)
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        content = bytes(source)
        return _read(BytesIO(content), len(content))
    if isinstance(source, (str, os.PathLike)):
        return _probe_path(os.path.expanduser(os.fspath(source)))  # noqa: PTH111  # likewise
    if not hasattr(source, "read"):
        raise TypeError(f"pass a path, bytes or an open file, not {source!r:.80}")
    return _probe_file(source)


def _probe_path(path: str) -> MediaInfo:
    try:
        # Opening a pipe would wait for its writer, and a device has no end.
        found = os.stat(path)  # noqa: PTH116  # pathlib is slow to import
        if not stat.S_ISREG(found.st_mode):
            return MediaInfo(reason="it is not a regular file")
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # likewise
            return _read(file, found.st_size)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return _cannot(error)


def _probe_file(file: Any) -> MediaInfo:
    if isinstance(file, TextIOBase):
        raise TypeError('a media file has to be opened as a binary one: open(path, "rb")')
    try:
        place = file.tell()
        file.seek(0, 2)
        size = file.tell()
    except (OSError, AttributeError):  # a pipe or a stream
        return _probe_stream(file)
    except Exception as error:  # noqa: BLE001  # a file may be closed, or of any class
        return _cannot(error)
    try:
        ask(file.seek, 0)
        return _read(file, size)
    except OSError as error:
        return _cannot(error)
    finally:
        _put_back(file, place)


def _put_back(file: Any, place: int) -> None:
    try:
        file.seek(place)
    except Exception:  # noqa: BLE001  # what is wrong with the file was reported before
        return


def _probe_stream(stream: Any) -> MediaInfo:
    try:
        content = read(stream, MAX_BYTES)
        ended = len(content) < MAX_BYTES or not read(stream, 1)
    except OSError as error:
        return _cannot(error)
    info = _read(BytesIO(content), len(content))
    if not ended:
        info.size = None
        info.reason = info.reason or "its size is known only when all of it was read"
    return info


def _cannot(error: Exception) -> MediaInfo:
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return MediaInfo(reason=f"the file cannot be read: {words}")


def _read(file: BinaryIO, size: int) -> MediaInfo:
    header = Header(file)
    name = recognise(header.first)
    if name is None:
        return MediaInfo(size=size, reason=UNKNOWN_FORMAT if size else "it is empty")
    info = MediaInfo(kind=FORMATS[name].kind, format=name, size=size)
    if info.kind not in MEDIA:
        info.reason = f"it is {FORMATS[name].words}"
        return info
    try:
        if info.kind == "image":
            info.width, info.height, info.orientation = picture_facts(name, header)
        else:
            from .av import add_video_facts

            add_video_facts(info, header)
    except Unreadable as why:
        info.reason = str(why)
        info.damaged = isinstance(why, Damaged)
    return info
