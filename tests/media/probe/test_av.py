"""The facts of videos and sounds, over a table of real small files, good ones and damaged ones."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from runcomfy.extras import install_command
from runcomfy.media.probe import MediaInfo, probe
from support.made_videos import VIDEOS, claiming, claims_beside_the_facts, sound, video

FACTS = ("kind", "format", "width", "height", "orientation", "frame_rate")


def hold(info: MediaInfo, content: bytes, expected: dict[str, Any]) -> None:
    """Hold facts against those of the table, where a part of the reason stands."""
    found: dict[str, Any] = info.as_dict()
    wanted = dict(expected)
    assert found.pop("size") == len(content)
    assert wanted.pop("reason", "") in found.get("reason", "")
    assert bool(found.pop("reason", "")) == ("reason" in expected)
    assert found.pop("duration", None) == pytest.approx(wanted.pop("duration", None), abs=0.05)
    # A fact that the table does not know of is tested elsewhere.
    assert {name: found[name] for name in FACTS if name in found} == wanted


@pytest.mark.parametrize("name", VIDEOS)
def test_each_file_has_the_facts_of_the_table(name: str, tmp_path: Path) -> None:
    made, expected = VIDEOS[name]
    content = made()
    path = tmp_path / "file"
    path.write_bytes(content)
    hold(probe(path), content, expected)
    hold(probe(content), content, expected)
    hold(probe(BytesIO(content)), content, expected)


@pytest.mark.parametrize("name", ["mp4", "webm", "wav", "mp3"])
def test_without_pyav_kind_format_and_size_are_known_and_the_reason_is_the_pip_line(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    content = VIDEOS[f"{name} plain"][0]()
    info = probe(content)
    assert (info.format, info.size, info.duration) == (name, len(content), None)
    assert info.kind == VIDEOS[f"{name} plain"][1]["kind"]
    assert install_command("video") in info.reason


def test_no_frame_is_decoded() -> None:
    """A file whose frames are rubbish has the facts of its header, and nothing complains."""
    content = bytearray(video("mp4"))
    media, movie = content.index(b"mdat") + 4, content.index(b"moov") - 4
    content[media:movie] = b"\xff" * (movie - media)
    assert probe(content) == probe(video("mp4"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_files_that_claim_millions_of_what_is_not_there_take_no_memory(tmp_path: Path) -> None:
    claims = [claiming(20_000_000), *claims_beside_the_facts(50_000_000)]
    paths = [tmp_path / f"{place}.mp4" for place in range(len(claims))]
    for path, content in zip(paths, claims, strict=True):
        path.write_bytes(content)
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from runcomfy.media.probe import probe\n"
        "for name in sys.argv[1:]:\n"
        "    print(probe(name).duration)\n"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, *paths], capture_output=True, text=True, check=True
    )
    *lengths, kilobytes = run.stdout.splitlines()
    assert lengths == ["2.0"] * len(claims)
    assert int(kilobytes) < 200_000
    assert run.stderr == ""


def test_the_frames_of_a_large_video_are_not_read() -> None:
    class Counting(BytesIO):
        count = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.count += len(data)
            return data

    content = video("mp4")
    media = content.index(b"mdat") - 4
    movie = content.index(b"moov") - 4
    frames = b"\0\x98\x96\x88mdat" + b"x" * 10_000_000
    file = Counting(content[:media] + frames + content[movie:])
    assert probe(file).duration == 2.0
    assert file.count < 100_000


@pytest.mark.parametrize("name", ["mp4", "mkv"])
def test_a_tag_that_is_not_utf_8_takes_no_fact_away(name: str) -> None:
    """Versions of PyAV differ in what they make of such a tag."""
    written = [tag for tag in (b"Lavf", b"mpeg4") if tag in video(name)]
    assert written
    content = video(name).replace(written[0], b"\xff" * len(written[0]))
    assert probe(BytesIO(content)).duration == 2.0


def test_the_tags_of_an_audio_file_are_not_read() -> None:
    content = VIDEOS["mp3 behind large tags"][0]()
    info = probe(content)
    assert info.size == len(content) > 2_000_000
    assert info.duration == probe(sound("mp3")).duration
