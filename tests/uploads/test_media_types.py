"""Every format is sent under its own media type, whatever the file is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from runcomfy.media.probe import MediaInfo, probe
from runcomfy.uploads.opened_files import OpenedFiles
from support.made_videos import sound, video
from support.sample_model import Sample

AVI = (
    b"RIFF\0\0\0\0AVI LIST\0\0\0\0hdrlavih\x38\0\0\0"
    + (40_000).to_bytes(4, "little")
    + b"\0" * 12
    + (50).to_bytes(4, "little")
    + b"\0" * 12
    + (64).to_bytes(4, "little")
    + (48).to_bytes(4, "little")
)
AIFF = (
    b"FORM\0\0\0\x2eAIFFCOMM\0\0\0\x12\0\1"
    + (88_200).to_bytes(4, "big")
    + b"\0\x10"
    + b"\x40\x0e\xac\x44"
    + b"\0" * 6
)
#: 44,100 Hz, one channel, 16 bits, 88,200 samples.
FLAC = (
    b"fLaC\0\0\0\x22"
    + b"\0" * 10
    + (44_100 << 44 | 15 << 36 | 88_200).to_bytes(8, "big")
    + b"\0" * 16
)
JP2 = (
    b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 \0\0\0\x1ejp2h\0\0\0\x16ihdr"
    + (30).to_bytes(4, "big")
    + (40).to_bytes(4, "big")
    + b"\0\3\7\7\0\0"
)
J2K = b"\xff\x4f\xff\x51\0\x2f\0\0" + (40).to_bytes(4, "big") + (30).to_bytes(4, "big") + b"\0" * 32
TYPES = {
    "audio/flac": FLAC,
    "audio/aac": b"\xff\xf1\x50\x80\x02\x1f\xfc" + b"\0" * 40,
    "audio/aiff": AIFF,
    "video/x-msvideo": AVI,
    "image/jp2": JP2,
    "audio/wav": sound("wav"),
    "audio/mpeg": sound("mp3"),
    "video/mp4": video("mp4"),
    "application/octet-stream": b"\0\1\2 no known format",
}


@pytest.mark.parametrize("media_type", TYPES)
@pytest.mark.parametrize("name", ["a.png", "a", "a.mp4"])
def test_the_media_type_comes_from_the_content(name: str, media_type: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(TYPES[media_type])
    with OpenedFiles(Sample._media, {"image": path}) as files:
        assert files.places["/image"].media_type == media_type


def test_a_text_that_only_its_name_can_tell_is_sent_under_it(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    with OpenedFiles(Sample._media, {"image": path}) as files:
        assert files.places["/image"].media_type == "application/x-subrip"


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (FLAC, {"kind": "audio", "format": "flac", "duration": 2.0}),
        (AIFF, {"kind": "audio", "format": "aiff", "duration": 2.0}),
        (AVI, {"kind": "video", "format": "avi", "duration": 2.0, "frame_rate": 25.0, "width": 64}),
        (JP2, {"kind": "image", "format": "jp2", "width": 40, "height": 30}),
        (J2K, {"kind": "image", "format": "jp2", "width": 40, "height": 30}),
    ],
)
def test_the_facts_of_more_formats_are_read(content: bytes, facts: dict[str, object]) -> None:
    info = probe(content)
    assert info.reason == ""
    assert info.as_dict().items() >= facts.items()


@pytest.mark.parametrize("content", [FLAC, AIFF, AVI, JP2, J2K])
def test_a_header_that_is_cut_is_reported_and_never_raises(content: bytes) -> None:
    for size in range(4, len(content)):
        info = probe(content[:size])
        assert isinstance(info, MediaInfo)
        assert info.reason or info.width or info.duration
