"""Short videos and audio clips."""

from __future__ import annotations

import io
import math
import wave
from array import array
from typing import TYPE_CHECKING, Any

from runcomfy.errors import MissingExtra

from .pictures import colour

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["film", "sound"]

_FRAMES, _FRAME_RATE = 12, 12
_SAMPLE_RATE = 22_050
_SECONDS = 1.0
_LOUDNESS = 8_000


def film(picture: Image, hue: float) -> bytes:
    """A video of a second that shows the image, with a bar that grows: MP4, H.264."""
    av = _av()
    from PIL import ImageDraw

    file = io.BytesIO()
    width, height = picture.size
    # One thread and exact headers: the same bytes each time.
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        codec, options = _codec(av)
        stream = container.add_stream(codec, rate=_FRAME_RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.thread_count = 1
        pen = ImageDraw.Draw(picture)
        for number in range(_FRAMES):
            end = width * (number + 1) // _FRAMES
            pen.rectangle((0, height - height // 40 - 1, end, height), fill=colour(hue, 0.75))
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return file.getvalue()


def sound(hue: float, format: str) -> bytes:  # noqa: A002  # the word of the inputs
    """A tone of a second, ``wav`` or ``mp3``; ``hue`` decides how high it is."""
    pitch = 220 * 2 ** (hue * 2)
    count = round(_SAMPLE_RATE * _SECONDS)
    fade = count // 20
    samples = array(
        "h",
        (
            round(
                _LOUDNESS
                * min(1, at / fade, (count - at) / fade)
                * math.sin(math.tau * pitch * at / _SAMPLE_RATE)
            )
            for at in range(count)
        ),
    )
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(_SAMPLE_RATE)
        writer.writeframes(samples.tobytes())
    return _as_mp3(file) if format == "mp3" else file.getvalue()


def _as_mp3(wav: io.BytesIO) -> bytes:
    av = _av()
    wav.seek(0)
    file = io.BytesIO()
    options = {"fflags": "+bitexact"}
    with av.open(wav) as source, av.open(file, "w", format="mp3", options=options) as target:
        stream = target.add_stream("mp3", rate=_SAMPLE_RATE)
        stream.codec_context.layout = "mono"
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return file.getvalue()


def _codec(av: Any) -> tuple[str, dict[str, str]]:
    """H.264 if the library has an encoder for it, else MPEG-4."""
    if "libx264" in av.codecs_available:
        return "libx264", {"preset": "ultrafast"}
    return "mpeg4", {}


def _av() -> Any:
    try:
        import av
    except ImportError as error:
        raise MissingExtra("creating videos and MP3 files for the mock service", "mock") from error
    return av
