"""The facts of a file, read from its header; a bad file gives a reason, never an exception."""

from __future__ import annotations

import os
import struct
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcomfy.media import probe as module
from runcomfy.media.probe import content_of, probe
from runtime.pictures import picture, turned

KINDS = ["PNG", "JPEG", "WEBP", "GIF", "AVIF"]


@pytest.mark.parametrize("kind", KINDS)
def test_size_width_and_height_of_each_kind_come_from_a_path(kind: str, tmp_path: Path) -> None:
    content = picture(40, 30, kind)
    path = tmp_path / "picture"
    path.write_bytes(content)
    for source in (path, str(path), os.fsencode(path), content, bytearray(content)):
        if isinstance(source, bytes) and source != content:
            continue  # bytes are a content, never a path
        info = probe(source)
        assert (info.size, info.width, info.height) == (len(content), 40, 30)


def test_lossless_and_animated_webp_and_progressive_jpeg_are_read() -> None:
    for content in (
        picture(40, 30, "WEBP", lossless=True),
        picture(40, 30, "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"),
        picture(40, 30, "JPEG", progressive=True),
    ):
        info = probe(content)
        assert (info.width, info.height) == (40, 30)


@pytest.mark.parametrize("kind", ["JPEG", "AVIF"])
def test_a_turned_picture_is_measured_as_it_is_shown(kind: str) -> None:
    info = probe(turned(40, 30, kind))
    assert (info.width, info.height) == (30, 40)


def test_a_jpeg_with_megabytes_before_its_size_is_read() -> None:
    content = picture(40, 30, "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", 65_535) + b"x" * 65_533
    info = probe(content[:2] + segment * 60 + content[2:])
    assert (info.width, info.height) == (40, 30)


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_cut_short_gives_its_size_and_a_reason(kind: str) -> None:
    content = picture(40, 30, kind)[: 9 if kind == "GIF" else 17]
    info = probe(content)
    assert (info.size, info.width, info.height) == (len(content), None, None)
    assert info.reason == f"its {kind.lower()} header is damaged"


def test_a_picture_of_no_width_is_damaged() -> None:
    content = bytearray(picture(40, 30))
    content[16:20] = b"\0\0\0\0"
    assert probe(content).reason == "its png header is damaged"


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"P5 10 10 ", b"<svg width='10' height='10'>", b"BM" + b"a" * 40]
)
def test_what_is_no_picture_has_a_size_only(content: bytes) -> None:
    info = probe(content)
    assert (info.size, info.width) == (len(content), None)
    assert "PNG, JPEG, WebP, GIF and AVIF only" in info.reason


def test_a_missing_file_a_folder_and_a_bad_path_give_a_reason(tmp_path: Path) -> None:
    assert "No such file" in probe(tmp_path / "none").reason
    assert probe(tmp_path).reason == "it is no regular file"
    assert "null byte" in probe("a\0b").reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(probe(tmp_path / "pipe")), daemon=True)
    thread.start()
    thread.join(10)
    assert found
    assert found[0].reason == "it is no regular file"


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


def test_without_imagesize_the_size_is_known_and_the_reason_is_the_pip_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "imagesize", None)
    info = probe(picture(40, 30))
    assert info.size
    assert info.width is None
    assert "pip install 'runcomfy[media]'" in info.reason


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def test_a_hostile_avif_costs_neither_memory_nor_time() -> None:
    # Thousands of items of 65,535 empty extents each would be a list of gigabytes.
    item = struct.pack(">HHH", 1, 0, 65_535)
    iloc = box(b"iloc", struct.pack(">IBBH", 0, 0, 0, 60_000) + item * 60_000)
    content = box(b"ftyp", b"avif\0\0\0\0") + box(b"meta", b"\0\0\0\0" + iloc)
    assert probe(content).width is None


def test_no_more_is_read_than_the_cap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read = 0
    header = module._Header
    original = header.read

    def counting(self: Any, size: int = -1) -> bytes:
        nonlocal read
        data = original(self, size)
        read += len(data)
        return data

    monkeypatch.setattr(header, "read", counting)
    segment = b"\xff\xe1" + struct.pack(">H", 65_535) + b"x" * 65_533
    path = tmp_path / "endless.jpg"
    path.write_bytes(b"\xff\xd8" + segment * 300)
    assert probe(path).reason == "its jpeg header is too long"
    assert read <= module.MAX_BYTES


def test_a_jpeg_of_rubbish_is_given_up_soon() -> None:
    assert probe(b"\xff\xd8\xff\xe0\x00\x04ab" + b"\0" * 3_000_000).reason == (
        "its jpeg header is too long"
    )


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KINDS), st.data())
def test_a_damaged_header_never_raises(kind: str, data: st.DataObject) -> None:
    content = bytearray(picture(40, 30, kind))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, min(len(content), 300) - 1))
        content[place] = data.draw(st.integers(0, 255))
    info = probe(bytes(content[: data.draw(st.integers(0, len(content)))]))
    assert (info.width is None) == bool(info.reason)


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
