"""Where files come from, what they may cost, and that none of them makes ``probe`` raise."""

from __future__ import annotations

import gzip
import mmap
import os
import threading
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcomfy.media.probe import MediaInfo, NeedBytes, content_of, probe
from runcomfy.media.probe import header as module
from support.made_pictures import PICTURES
from support.made_videos import VIDEOS
from support.picture_bytes import jpeg_segment, saved

FILES = {**PICTURES, **VIDEOS}
PLAIN = sorted(name for name in FILES if name.endswith(" plain"))


class Counting(BytesIO):
    """A file that counts what is read of it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


class Partial(BytesIO):
    """A file of which only the first bytes, and the ranges that were asked for, are at hand."""

    def __init__(self, content: bytes, step: int) -> None:
        super().__init__(content)
        self.step = step
        self.held = {0}
        self.fetches = 1

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size >= 0
        stop = min(self.tell() + size, len(self.getvalue()))
        for block in range(self.tell() // self.step, -(-stop // self.step)):
            if block not in self.held:
                raise NeedBytes(block * self.step, (block + 1) * self.step)
        return super().read(size)

    def fetch(self, missing: NeedBytes) -> None:
        assert missing.start // self.step not in self.held
        self.held.add(missing.start // self.step)
        self.fetches += 1


def fetched(content: bytes, step: int = 32_768) -> tuple[MediaInfo, int]:
    """The facts of a file that comes piece by piece, and the number of pieces."""
    file = Partial(content, step)
    while True:
        try:
            return probe(file), file.fetches
        except NeedBytes as missing:
            file.fetch(missing)


def test_a_path_its_text_its_content_and_an_open_file_give_the_same(tmp_path: Path) -> None:
    content = saved("PNG")
    path = tmp_path / "picture"
    path.write_bytes(content)
    with path.open("rb") as file, path.open("rb", buffering=0) as raw:
        sources = (path, str(path), content, bytearray(content), memoryview(content), file, raw)
        found = [probe(source) for source in sources]
    assert found == [found[0]] * len(sources)
    assert (found[0].format, found[0].size, found[0].width) == ("png", len(content), 40)


def test_an_open_file_stands_where_it_stood() -> None:
    file = BytesIO(saved("JPEG"))
    file.seek(7)
    assert probe(file).width == 40
    assert file.tell() == 7


def test_a_file_opened_as_text_is_refused_with_the_way_to_open_it() -> None:
    with pytest.raises(TypeError, match=r'open\(path, "rb"\)'):
        probe(StringIO("text"))  # type: ignore[arg-type]  # that is the mistake


def test_a_stream_is_read_for_its_facts_and_its_size() -> None:
    content = saved("PNG")
    source, target = os.pipe()
    os.write(target, content)
    os.close(target)
    with os.fdopen(source, "rb") as stream:
        info = probe(stream)
    assert (info.size, info.width, info.reason) == (len(content), 40, "")


def test_of_a_stream_that_does_not_end_the_size_is_not_known() -> None:
    class Endless:
        first = saved("PNG")

        def read(self, size: int) -> bytes:
            first, self.first = self.first, b"\0" * size
            return first

    info = probe(Endless())  # type: ignore[arg-type]  # it reads, and that is all
    assert (info.width, info.size) == (40, None)
    assert info.reason == "its size is known only when all of it was read"


def test_a_file_with_short_reads_is_read_on() -> None:
    class Slow(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 5))

    assert probe(Slow(saved("AVIF"))).width == 40


def test_a_missing_file_a_folder_and_a_bad_path_give_a_reason(tmp_path: Path) -> None:
    assert "No such file" in probe(tmp_path / "none").reason
    assert probe(tmp_path).reason == "it is not a regular file"
    assert "embedded null" in probe("a\0b").reason


def test_an_open_file_that_fails_gives_a_reason() -> None:
    class Broken(BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(5, "Input/output error")

    assert probe(Broken(b"x")).reason == "the file cannot be read: Input/output error"


class Odd(BytesIO):
    """A file of a class that somebody else wrote."""

    def __init__(self, gives: Any) -> None:
        super().__init__(b"something")
        self.gives = gives

    def read(self, *_: object) -> Any:
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


def damaged_archive() -> Any:
    content = bytearray(gzip.compress(saved("PNG")))
    return gzip.open(BytesIO(content[: len(content) // 2]))


def closed() -> BytesIO:
    file = BytesIO()
    file.close()
    return file


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (closed, "closed file"),
        (damaged_archive, "ended before the end-of-stream marker"),
        (lambda: Odd(RuntimeError("gone")), "gone"),
        (lambda: Odd("text"), "its read() returned a str, not bytes"),
        (lambda: Odd(None), "its read() returned a NoneType, not bytes"),
    ],
)
def test_whatever_an_open_file_does_there_is_a_reason(made: Any, reason: str) -> None:
    told = probe(made()).reason
    assert told.startswith("the file cannot be read: ")
    assert reason in told


def test_a_file_whose_seek_returns_nothing_has_a_size() -> None:
    content = saved("PNG")
    with mmap.mmap(-1, len(content)) as mapped:
        mapped.write(content)
        assert probe(mapped) == probe(content)  # type: ignore[arg-type]  # it reads and seeks


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(probe(tmp_path / "pipe")), daemon=True)
    thread.start()
    thread.join(10)
    assert found
    assert found[0].reason == "it is not a regular file"


def test_a_number_is_no_file() -> None:
    with pytest.raises(TypeError):
        probe(0)  # type: ignore[arg-type]  # it would be a file descriptor


def test_a_text_that_looks_like_a_url_is_a_path_and_nothing_is_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", refuse)
    assert "No such file" in probe("http://127.0.0.1:9/a.png").reason


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_comes_in_pieces_has_the_same_facts(name: str) -> None:
    content = FILES[name][0]()
    assert fetched(content, 4096)[0] == probe(content)


@pytest.mark.parametrize(
    ("content", "pieces"),
    [
        (saved("PNG") + b"\0" * 10_000_000, 1),
        (saved("JPEG", quality=95, exif=b"Exif\0\0" + b"MM\0*" + b"x" * 60_000) + b"\0" * 10**7, 2),
        (saved("WEBP") + b"\0" * 10_000_000, 1),
        (saved("AVIF") + b"\0" * 10_000_000, 1),
    ],
    ids=["png", "jpeg with much EXIF data", "webp", "avif"],
)
def test_usual_images_take_two_pieces_of_32_kb_at_most(content: bytes, pieces: int) -> None:
    info, count = fetched(content)
    assert (info.width, info.height) == (40, 30)
    assert count <= pieces


@pytest.mark.parametrize("name", FILES)
def test_no_file_costs_more_than_the_cap(name: str) -> None:
    file = Counting(FILES[name][0]())
    probe(file)
    assert file.count <= module.MAX_BYTES


def test_a_header_beyond_the_cap_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100_000)
    segment = jpeg_segment(0xE1, b"Exif\0\0" + b"MM\0*\0\0\0\x08\0\x40" + b"x" * 60_000)
    content = saved("AVIF")
    start = int.from_bytes(content[:4], "big")
    table = b"\0\0\xff\xff" + b"\0\0\0\0ipma" + b"x" * 200_000
    for one in (b"\xff\xd8" + segment * 2000, content[:start] + table):
        file = Counting(one)
        assert probe(file).reason
        assert file.count <= 100_000


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(PLAIN), st.data())
def test_a_damaged_header_never_raises_and_never_costs_more_than_the_cap(
    name: str, data: st.DataObject
) -> None:
    content = bytearray(FILES[name][0]())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, min(len(content), 1500) - 1))
        content[place] = data.draw(st.integers(0, 255))
    file = Counting(bytes(content[: data.draw(st.integers(0, len(content)))]))
    info = probe(file)
    assert info.reason or info.width or info.duration
    assert file.count <= module.MAX_BYTES


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLAIN), st.data())
def test_a_header_with_a_number_made_huge_never_raises(name: str, data: st.DataObject) -> None:
    content = bytearray(FILES[name][0]())
    size = data.draw(st.sampled_from([2, 4, 8]))
    place = data.draw(st.integers(8, min(len(content), 2000) - size))
    content[place : place + size] = data.draw(st.sampled_from([b"\xff", b"\x7f", b"\0"])) * size
    file = Counting(bytes(content))
    info = probe(file)
    assert info.reason or info.width or info.duration
    assert file.count <= module.MAX_BYTES


@pytest.mark.parametrize(
    ("url", "content"),
    [
        ("data:image/png;base64,aGk=", b"hi"),
        ("data:image/png;base64,aGk", b"hi"),
        ("DATA:image/png;BASE64,aG\nk=", b"hi"),
        ("data:image/png;base64,aGk%3D", b"hi"),
        ("data:text/plain,h%69", b"hi"),
        ("data:,", b""),
        ("data:image/png;base64,a*k=", None),
        ("data:image/png;base64,é", None),
        ("data:image/png;base64", None),
    ],
)
def test_data_uris_are_read_as_browsers_do(url: str, content: bytes | None) -> None:
    assert content_of(url) == content


def test_the_facts_that_are_known_are_reported() -> None:
    info = MediaInfo(kind="image", format="png", size=7, reason="")
    assert info.as_dict() == {"kind": "image", "format": "png", "size": 7}
    assert repr(info) == "MediaInfo(kind='image', format='png', size=7)"
