"""A table of small videos and sounds, good ones and damaged ones, each with the facts that it has."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache, partial
from io import BytesIO
from typing import Any

import av

from support.picture_bytes import box

__all__ = ["VIDEOS", "claiming", "claims_beside_the_facts", "sound", "video"]

Facts = dict[str, Any]
#: Format -> the library's name of it, and a codec for it.
_VIDEOS = {
    "mp4": ("mp4", "mpeg4"),
    "mov": ("mov", "mpeg4"),
    "webm": ("webm", "libvpx"),
    "mkv": ("matroska", "mpeg4"),
}
_SOUNDS = {
    "wav": ("wav", "pcm_s16le", 44_100),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "ogg": ("ogg", "libopus", 48_000),
    "mp4": ("mp4", "aac", 44_100),
    "mov": ("mov", "pcm_s16le", 44_100),
    "webm": ("webm", "libopus", 48_000),
    "mkv": ("matroska", "aac", 44_100),
}


@cache
def video(name: str, turn: int = 0, rate: int = 25, frames: int = 50, options: str = "") -> bytes:
    """A grey video of 64 by 48 pixels, turned by some degrees against the clock."""
    container, codec = _VIDEOS[name]
    file = BytesIO()
    chosen = dict(one.split("=") for one in options.split()) if options else {}
    with av.open(file, "w", format=container, options=chosen) as target:
        stream = target.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        if turn:
            stream.set_display_rotation(turn)
        for at in range(frames):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts = at
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return file.getvalue()


@cache
def sound(name: str, seconds: int = 1, options: str = "") -> bytes:
    """Silence."""
    container, codec, rate = _SOUNDS[name]
    file = BytesIO()
    chosen = dict(one.split("=") for one in options.split()) if options else {}
    with av.open(file, "w", format=container, options=chosen) as target:
        stream = target.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.codec_context.layout = "mono"
        wanted = (stream.codec.audio_formats or [])[0].name
        size = stream.codec_context.frame_size or None
        resampler = av.AudioResampler(wanted, "mono", rate, frame_size=size)
        silence = av.AudioFrame("s16", "mono", rate * seconds)
        silence.sample_rate = rate
        silence.pts = 0
        for plane in silence.planes:
            plane.update(bytes(plane.buffer_size))
        for frame in [*resampler.resample(silence), *resampler.resample(None)]:
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return file.getvalue()


def cut(name: str, size: int) -> bytes:
    """The first bytes of a video."""
    return video(name)[:size]


def patched(content: bytes, after: bytes, skip: int, new: bytes) -> bytes:
    """The content with other bytes at so many bytes behind a mark."""
    place = content.index(after) + len(after) + skip
    return content[:place] + new + content[place + len(new) :]


def mirrored(a: int, b: int, c: int, d: int) -> bytes:
    """An MP4 whose first track has this matrix."""
    matrix = struct.pack(">iiiii", a << 16, b << 16, 0, c << 16, d << 16)
    return patched(video("mp4"), b"tkhd", 40, matrix)


def claiming(samples: int) -> bytes:
    """An MP4 that claims so many frames of one byte, by three numbers."""
    content = patched(video("mp4"), b"stsz", 4, struct.pack(">II", 1, samples))
    return patched(content, b"stsc", 12, struct.pack(">I", samples))


def claims_beside_the_facts(count: int) -> list[bytes]:
    """MP4s that list so many pictures, tags or groups of frames by a count alone."""
    number = struct.pack(">I", count)
    pictures = box(b"iloc", b"\2\0\0\0\x44\0" + number), box(b"iinf", b"\1\0\0\0" + number)
    handler = box(b"hdlr", bytes(8) + b"mdta" + bytes(13))
    tags = handler + box(b"keys", bytes(4) + number)
    groups = box(b"sgpd", b"\1\0\0\0sync\0\0\0\1" + number + bytes(200))
    lists = [*pictures, box(b"meta", bytes(4) + tags), groups]
    content = video("mp4")
    first = int.from_bytes(content[:4], "big")
    return [content[:first] + one + content[first:] for one in lists]


def header_first(content: bytes) -> bytes:
    """An MP4 whose header stands in front of its frames."""
    media = content.index(b"mdat") - 4
    movie = content.index(b"moov") - 4
    return content[:media] + content[movie:] + content[media:movie]


def unbranded(content: bytes) -> bytes:
    """A QuickTime file of the time before brands."""
    return content[int.from_bytes(content[:4], "big") :]


def tagged(content: bytes, size: int, times: int = 1) -> bytes:
    digits = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return (b"ID3\4\0\0" + digits + b"\0" * size) * times + content


def facts(name: str, duration: float | None = 2.0, **more: Any) -> Facts:
    """The facts of a video; what is ``None`` is not known."""
    known = {
        "kind": "video",
        "format": name,
        "width": 64,
        "height": 48,
        "duration": duration,
        "frame_rate": 25.0,
        **more,
    }
    return {fact: value for fact, value in known.items() if value is not None}


def heard(name: str, duration: float | None = 1.0, **more: Any) -> Facts:
    known = {"kind": "audio", "format": name, "duration": duration, **more}
    return {fact: value for fact, value in known.items() if value is not None}


def bad(name: str, kind: str, reason: str) -> Facts:
    return {"kind": kind, "format": name, "reason": reason}


#: Name of a file -> how it is made, and its facts. A reason is part of the whole one, and a length
#: may be off by a twentieth of a second, the length of a frame of sound.
VIDEOS: dict[str, tuple[Callable[[], bytes], Facts]] = {}


def add(name: str, made: Callable[[], bytes], expected: Facts) -> None:
    assert name not in VIDEOS, name
    VIDEOS[name] = (made, expected)


def _add_videos() -> None:
    for name in _VIDEOS:
        add(f"{name} plain", partial(video, name), facts(name))
        for turn, orientation in ((90, 8), (180, 3), (270, 6)):
            sides = {"width": 48, "height": 64} if turn % 180 else {}
            add(
                f"{name} turned {turn}",
                partial(video, name, turn),
                facts(name, orientation=orientation, **sides),
            )
        add(
            f"{name} of 30 frames a second",
            partial(video, name, rate=30, frames=15),
            facts(name, 0.5, frame_rate=30.0),
        )
        add(f"{name} of sound only", partial(sound, name), heard(name))
        add(
            f"{name} cut behind its mark",
            partial(cut, name, 60),
            bad(name, "video", f"its {name} header is damaged"),
        )


def _add_mp4() -> None:
    for orientation, signs in {
        2: (-1, 0, 0, 1),
        4: (1, 0, 0, -1),
        5: (0, 1, 1, 0),
        7: (0, -1, -1, 0),
    }.items():
        sides = {"width": 48, "height": 64} if orientation > 4 else {}
        add(
            f"mp4 mirrored to orientation {orientation}",
            partial(mirrored, *signs),
            facts("mp4", orientation=orientation, **sides),
        )
    add("mp4 with its header in front", lambda: header_first(video("mp4")), facts("mp4"))
    add("mov without a brand", lambda: unbranded(video("mov")), facts("mov"))
    add("mp4 of another brand", lambda: patched(video("mp4"), b"ftyp", 0, b"M4V "), facts("mp4"))
    add("mp4 without its header", lambda: video("mp4")[:200], bad("mp4", "video", "damaged"))
    add(
        "mp4 in fragments, which does not tell its length",
        lambda: video("mp4", options="movflags=frag_keyframe+empty_moov"),
        facts("mp4", None, frame_rate=None, reason="its length and frame rate"),
    )
    add("mp4 that claims 80 million frames", lambda: claiming(80_000_000), facts("mp4"))
    add("mp4 that claims 4 billion frames", lambda: claiming(2**32 - 1), facts("mp4"))
    add(
        "mp4 in fragments that claim 80 million frames",
        lambda: patched(
            video("mp4", options="movflags=frag_keyframe+empty_moov"),
            b"trun",
            0,
            struct.pack(">II", 1, 80_000_000),
        ),
        facts("mp4", None, frame_rate=None, reason="its length and frame rate"),
    )
    add(
        "mp4 of a track that is 65535 wide",
        lambda: patched(video("mp4"), b"tkhd", 76, struct.pack(">II", 65_535 << 16, 65_535 << 16)),
        facts("mp4", width=65_535, height=65_535),
    )
    add(
        "mp4 of no size",
        lambda: patched(video("mp4"), b"tkhd", 76, bytes(8)),
        facts("mp4", width=None, height=None, reason="its width and height"),
    )


def _add_others() -> None:
    add(
        "webm from a live recording, which does not tell its length",
        lambda: video("webm", options="live=1"),
        facts("webm", None, reason="its header does not contain its length"),
    )
    add("mkv with rubbish behind it", lambda: video("mkv") + b"\xff" * 9999, facts("mkv"))
    add("webm cut behind its header", lambda: video("webm")[:800], facts("webm"))
    playlist = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    add("a playlist", lambda: playlist, bad("text", "file", "it is a text"))
    add("a list of files", lambda: b"ffconcat version 1.0\nfile x\n", bad("text", "file", "a text"))
    add(
        "a playlist that begins like an MP4",
        lambda: b"\0\0\0\x14ftypisom\0\0\0\0isom" + playlist,
        bad("mp4", "video", "its mp4 header is damaged"),
    )


def _add_sounds() -> None:
    for name in ("wav", "mp3", "ogg"):
        add(f"{name} plain", partial(sound, name), heard(name))
        add(f"{name} of three seconds", partial(sound, name, 3), heard(name, 3.0))
    add("wav cut in half", lambda: sound("wav")[:44_139], heard("wav", 0.5))
    add(
        "wav that claims gigabytes",
        lambda: patched(sound("wav"), b"data", 0, b"\xff" * 4),
        heard("wav"),
    )
    add("wav cut in its header", lambda: sound("wav")[:30], bad("wav", "audio", "damaged"))
    add(
        "mp3 without tags",
        lambda: sound("mp3", options="write_xing=0 id3v2_version=0"),
        heard("mp3"),
    )
    add("mp3 behind large tags", lambda: tagged(sound("mp3"), 1_000_000, 2), heard("mp3"))
    add("mp3 of tags only", lambda: tagged(b"", 100), bad("mp3", "audio", "damaged"))
    add("mp3 of one frame's mark", lambda: b"\xff\xfb\x90\x00", bad("mp3", "audio", "damaged"))
    add("ogg cut in its header", lambda: sound("ogg")[:50], bad("ogg", "audio", "damaged"))


for _add in (_add_videos, _add_mp4, _add_others, _add_sounds):
    _add()
