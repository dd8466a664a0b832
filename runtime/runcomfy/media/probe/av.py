"""Video and audio: duration, frame rate and dimensions, through PyAV (extra ``video``).

The libraries below PyAV trust the content of a file too much, so they get as little of it as possible: an open
file and never a name, read through a ``Header``; a fixed format, so that a playlist cannot open other files; no
decoder; and no per-frame tables of the header, see ``_Shown``.
"""

from __future__ import annotations

from runcomfy.media.formats import FORMATS

from .chunks import READERS as OWN_READERS
from .header import FIRST, Damaged, NeedBytes, Unreadable
from .isobmff import find_box, mp4_rotation
from .matroska import mkv_rotation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from .header import Header
    from .info import MediaInfo

__all__ = ["add_video_facts"]

#: Our format -> the library's name of its reader.
_READERS = {
    "mp4": "mov",
    "mov": "mov",
    "webm": "matroska",
    "mkv": "matroska",
    "wav": "wav",
    "mp3": "mp3",
    "ogg": "ogg",
}
_OPTIONS = {
    "codec_whitelist": "none",  # no decoder has this name
    "probesize": "32",  # bytes of frames that are looked at, the least that is allowed
    "analyzeduration": "1",  # microseconds of them
    "fpsprobesize": "0",
}
#: Seconds, in case a library loops without reading.
_TIMEOUT = 10
#: Boxes of an MP4 in which a forged count makes the library allocate gigabytes; no fact is in them. They list
#: frames, groups of frames, images and tags; ``cmov`` is a compressed header.
_HIDDEN = tuple(
    b"stsz stz2 stsc stco co64 ctts stss stps trun sgpd sbgp saiz saio senc pssh "
    b"iinf iloc ipma iref keys cmov".split()
)
_MOST_TAGS = 8
#: The facts that a valid header of each kind contains, and their names in messages.
_LENGTH = ("duration", "length")
_TOLD = {
    "audio": (_LENGTH,),
    "video": (_LENGTH, ("frame_rate", "frame rate"), ("width", "width and height")),
}


def add_video_facts(info: MediaInfo, header: Header) -> None:
    """Add the facts from the header of a video or audio file. Raises ``Unreadable``."""
    name = info.format or ""
    if name in OWN_READERS:
        OWN_READERS[name](info, header)
    elif name in _READERS:
        _read_with_library(info, header)
    else:
        raise Unreadable(f"its duration is not read: it is {FORMATS[name].words}")
    missing = [words for fact, words in _TOLD[info.kind or ""] if getattr(info, fact) is None]
    if missing:
        info.reason = f"its header does not contain its {' and '.join(missing)}"


def _read_with_library(info: MediaInfo, header: Header) -> None:
    name = info.format or ""
    try:
        import av
        from av.error import FFmpegError
    except ImportError:
        from runcomfy.extras import install_command

        reason = f"reading its metadata needs another library: {install_command('video')}"
        _require_start(header, name)
        raise Unreadable(reason) from None
    shown = _Shown(header, _after_tags(header) if name == "mp3" else 0, _READERS[name] == "mov")
    try:
        with av.open(
            shown,
            "r",
            format=_READERS[name],
            options=_OPTIONS,
            timeout=_TIMEOUT,
            io_open=_refuse,
            **_for_texts(av.__version__),
        ) as container:
            _take_facts(info, container)
    except (FFmpegError, NeedBytes, Unreadable, OSError, ValueError) as error:
        header.check()
        # The complete file was available, and it is not valid.
        wrong = Damaged if shown.ended else Unreadable
        raise wrong(f"its {name} header is damaged: {_words(error)}") from None
    header.check()
    if info.kind == "video":
        _turn(info, header)


#: The least size of a video or audio file in bytes.
_LEAST = 44


def _require_start(header: Header, name: str) -> None:
    """Raise ``Damaged`` for a short file that is certainly truncated, without a library."""
    whole = len(header.first)
    if whole < _LEAST or (
        whole < FIRST and _READERS[name] == "mov" and not find_box(header, 0, None, b"moov")
    ):
        raise Damaged("its header is truncated")


def _for_texts(version: str) -> dict[str, Any]:
    """The option that tolerates tags that are not UTF-8; PyAV 19 needs none and rejects it."""
    return {"metadata_errors": "ignore"} if int(version.partition(".")[0]) < 19 else {}


def _take_facts(info: MediaInfo, container: Any) -> None:
    video = next((one for one in container.streams.video if not _is_cover(one)), None)
    if container.duration is not None and container.duration > 0:
        info.duration = container.duration / 1_000_000
    if video is None:
        if not container.streams.audio:
            raise Unreadable("its header declares no video and no audio")
        info.kind = "audio"
        return
    info.kind = "video"
    info.frame_rate = _frame_rate(video)
    context = video.codec_context
    if context is not None and context.width > 0 and context.height > 0:
        info.width, info.height = context.width, context.height


def _is_cover(stream: Any) -> bool:
    """Whether the stream is a cover image, not a video."""
    return bool(int(stream.disposition) & 0x400)


def _frame_rate(video: Any) -> float | None:
    if video.average_rate:
        return float(video.average_rate)
    if video.frames and video.duration and video.time_base:
        return float(video.frames / (video.duration * video.time_base))
    return None


def _turn(info: MediaInfo, header: Header) -> None:
    """Width and height as displayed; from the MP4 track header if the stream has none."""
    if info.format in ("mp4", "mov"):
        info.orientation, width, height = mp4_rotation(header)
        if info.width is None:
            info.width, info.height = width or None, height or None
    elif info.format in ("webm", "mkv"):
        info.orientation = mkv_rotation(header)
    if info.orientation is not None and info.orientation > 4:
        info.width, info.height = info.height, info.width


def _after_tags(header: Header) -> int:
    """The offset at which an MP3 begins, after its ID3 tags."""
    place = 0
    for _ in range(_MOST_TAGS):
        tag = header.at(place, 10)
        if tag[:3] != b"ID3" or len(tag) < 10:
            break
        size = 0
        for seven_bits in tag[6:10]:
            size = size << 7 | seven_bits & 0x7F
        place += 10 + size + (10 if tag[5] & 0x10 else 0)
    return place


class _Shown:
    """The view of a file passed to PyAV: from ``start``, without the ``_HIDDEN`` boxes."""

    def __init__(self, header: Header, start: int, hides: bool) -> None:
        self._header = header
        self._start = start
        self._hides = hides
        #: Whether it was read to its end.
        self.ended = False
        header.seek(start)

    def read(self, size: int) -> bytes:
        place = self._header.tell()
        # A name that spans two reads has to be found too.
        before = min(3, place - self._start) if self._hides else 0
        data = self._header.at(place - before, before + size + (3 if self._hides else 0))
        if self._hides:
            for name in _HIDDEN:
                data = data.replace(name, b"free")
        data = data[before : before + size]
        self.ended = self.ended or len(data) < size
        self._header.seek(place + len(data))
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._header.seek(offset + (self._start if whence == 0 else 0), whence) - self._start

    def tell(self) -> int:
        return self._header.tell() - self._start


def _refuse(*_: object) -> NoReturn:
    raise Unreadable("its header refers to other files")


def _words(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
