"""AVI, AIFF and FLAC: duration, frame rate and dimensions from the first chunks, without a library."""

from __future__ import annotations

from .header import Damaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .header import Header
    from .info import MediaInfo

__all__ = ["READERS"]

#: Chunks that are gone through for the one that is wanted.
_MOST = 100
_LARGEST = 2**31 - 1


def _avi(info: MediaInfo, header: Header) -> None:
    head = header.exactly(0, 72)
    if head[24:28] != b"avih":
        raise Damaged("its header is damaged")
    microseconds, frames, width, height = (_little(head, at) for at in (32, 48, 64, 68))
    if microseconds and frames:
        info.duration = microseconds * frames / 1e6
        info.frame_rate = 1e6 / microseconds
    if 0 < width <= _LARGEST and 0 < height <= _LARGEST:
        info.width, info.height = width, height


def _aiff(info: MediaInfo, header: Header) -> None:
    place = 12
    for _ in range(_MOST):
        head = header.exactly(place, 8)
        size = int.from_bytes(head[4:], "big")
        if head[:4] == b"COMM":
            common = header.exactly(place + 8, 18)
            frames, rate = int.from_bytes(common[2:6], "big"), _extended(common[8:18])
            info.duration = frames / rate if frames and rate >= 1 else None
            return
        place += 8 + size + size % 2
    raise Damaged("its header is damaged")


def _flac(info: MediaInfo, header: Header) -> None:
    head = header.exactly(0, 42)
    if head[4] & 0x7F:  # the first block has to be the one about the stream
        raise Damaged("its header is damaged")
    bits = int.from_bytes(head[18:26], "big")
    rate, samples = bits >> 44, bits & (1 << 36) - 1
    info.duration = samples / rate if samples and rate else None


def _little(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 4], "little")


def _extended(data: bytes) -> float:
    """An 80-bit IEEE 754 number; 0 if it cannot be a sample rate."""
    exponent = (int.from_bytes(data[:2], "big") & 0x7FFF) - 16383 - 63
    return float(int.from_bytes(data[2:], "big") * 2.0**exponent) if -64 < exponent < 0 else 0.0


#: Format -> what fills in its facts; raises ``Unreadable``.
READERS: dict[str, Callable[[MediaInfo, Header], None]] = {
    "avi": _avi,
    "aiff": _aiff,
    "flac": _flac,
}
