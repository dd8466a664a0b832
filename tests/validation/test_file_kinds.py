"""Files that are something else than the input takes: their first bytes decide, wherever they come from."""

from __future__ import annotations

import io
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runcomfy import Report, validate
from runcomfy.model import MediaInput, MediaRule
from support.made_videos import sound, video
from support.pictures import picture
from support.sample_model import Sample

URL = "https://example.com/x.jpg"

#: What stands in an image input and surely is no image.
OTHERS = {
    "an error page": b"<!DOCTYPE html>\n<html><body>404</body></html>",
    "an error page in another case": b"\xef\xbb\xbf  <HTML lang=en>",
    "a page behind a comment": b"<!-- cached --><html>",
    "an xhtml page": b"<?xml version='1.0'?>\n<html xmlns='http://www.w3.org/1999/xhtml'>",
    "a git lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 5\n",
    "an error as json": b'{"error": "AccessDenied"}',
    "an error as xml": b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    "a pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    "an svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "an svg with a head": b"<?xml version='1.0'?>\n<!-- Ink --><svg/>",
    "a zip": b"PK\x03\x04" + b"\0" * 30,
    "a text": "https://example.com/the-real-one.png — ü".encode(),
    "a text in utf-16": "hello".encode("utf-16"),
    "a text in utf-16 without a mark": "not found".encode("utf-16-le"),
    "a page in utf-16 without a mark": "<html></html>".encode("utf-16-be"),
    "a text in utf-32": "not found".encode("utf-32"),
    "a text in an older encoding": "Die Datei wurde gelöscht.".encode("latin-1"),
    "a file too short for any kind": b"RIFF\0\0\0\0",
    "a video": video("mp4"),
    "a sound": sound("wav"),
    "a flac": b"fLaC\0\0\0\x22" + b"\0" * 34,
    "an avi": b"RIFF\0\0\0\0AVI LIST" + b"\0" * 100,
    "a text in utf-32 without a mark": "not found".encode("utf-32-le"),
    "a text in utf-32 without a mark, big end first": "not found".encode("utf-32-be"),
    "a program": b"\x7fELF" + b"\0" * 60,
    "a program of macOS": b"\xcf\xfa\xed\xfe" + b"\0" * 60,
    "a class of Java": b"\xca\xfe\xba\xbe\0\0\0\x34" + b"\0" * 60,
    "an office document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60,
    "an hdf5 file": b"\x89HDF\r\n\x1a\n" + b"\0" * 60,
    "a pickle": b"\x80\x04\x95" + b"\0" * 60,
    "weights": b"GGUF\3\0\0\0" + b"\0" * 60,
    "safetensors": b"\x40" + b"\0" * 7 + b'{"a":{"dtype":"F32"}}' + b"\0" * 60,
    "a property list": b"bplist00" + b"\0" * 60,
    "a .DS_Store": b"\0\0\0\1Bud1" + b"\0" * 60,
    "a resource fork": b"\0\5\x16\7\0\2\0\0Mac OS X        " + b"\0" * 60,
    "a shortcut": b"L\0\0\0\1\x14\2\0" + b"\0" * 60,
    "a cab": b"MSCF" + b"\0" * 60,
    "a xar": b"xar!\0\x1c" + b"\0" * 60,
    "a font": b"\0\1\0\0\0\x10" + b"\0" * 60,
    "an archive cut in its mark": b"7z\xbc\xaf",
    "a program for browsers": b"\0asm\1\0\0\0" + b"\0" * 60,
    "a collection of fonts": b"ttcf\0\1\0\0" + b"\0" * 60,
    "a Blender file": b"BLENDER-v300" + b"\0" * 60,
    "an Arrow table": b"ARROW1\0\0" + b"\0" * 60,
    "an old pickle": b"\x80\2}q\0(X\1\0\0\0aq\1K\1u.",
    "weights of PyTorch": b"\x80\2\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + b"\0" * 60,
    "an encrypted file": b"Salted__" + bytes(range(60)),
    "a pack of git": b"PACK\0\0\0\2" + b"\0" * 60,
    "a transport stream": (b"\x47\x40\0\x10" + b"\xff" * 184) * 3,
    "a transport stream of a camera": (b"\0\0\0\0\x47\x40\0\x10" + b"\xff" * 184) * 3,
    "a sun audio file": b".snd\0\0\0\x18" + b"\0" * 60,
    "a RealMedia file": b".RMF\0\0\0\x12" + b"\0" * 60,
}
#: What begins like a picture or a video and ends too early.
CUT = {
    "png": picture(500, 400)[:20],
    "png in its mark": picture(500, 400)[:6],
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JF",
    "gif": b"GIF89a\1",
    "webp": b"RIFF\0\0\0\0WEBPVP8 ",
    "bmp": b"BM" + b"\0" * 12 + (40).to_bytes(4, "little") + b"\0\0",
    "png without a size": picture(500, 400)[:16] + b"\0" * 17,
}


def as_path(content: bytes, folder: Path) -> tuple[Any, Any]:
    path = folder / "x.jpg"
    path.write_bytes(content)
    return path, None


def as_bytes(content: bytes, folder: Path) -> tuple[Any, Any]:
    return content, None


def as_file(content: bytes, folder: Path) -> tuple[Any, Any]:
    return io.BytesIO(content), None


def as_data(content: bytes, folder: Path) -> tuple[Any, Any]:
    return f"data:image/jpeg;base64,{b64encode(content).decode()}", None


def as_given(content: bytes, folder: Path) -> tuple[Any, Any]:
    return URL, {URL: content}


WAYS = [as_path, as_bytes, as_file, as_data, as_given]


def in_image(way: Callable[..., Any], content: bytes, folder: Path) -> Report:
    value, files = way(content, folder)
    return validate(Sample, {"pair": [value]}, files=files)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [*OTHERS, *CUT])
def test_what_is_no_image_is_an_error_wherever_it_comes_from(
    name: str, way: Callable[..., Any], tmp_path: Path
) -> None:
    report = in_image(way, {**OTHERS, **CUT}[name], tmp_path)
    (error,) = [error for error in report.errors if error.rule == "file-kind"]
    assert error.pointer == "/pair/0"
    assert "must be an image" in error.message


@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_header_is_a_warning(way: Callable[..., Any], tmp_path: Path) -> None:
    report = in_image(way, b"\0\1\2\3 no header that is known", tmp_path)
    assert report.valid
    assert [(one.pointer, one.rule) for one in report.warnings] == [("/pair/0", "file-unknown")]


#: Images that few models read.
RARE = {
    "psd": b"8BPS\0\1" + b"\0" * 60,
    "icon of one image": b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0" + b"\0" * 60,
    "icon of two images": b"\0\0\1\0\2\0\x10\x10\0\0\1\0\x20\0" + b"\0" * 60,
    "texture": b"DDS \x7c\0\0\0" + b"\0" * 60,
    "photo of a camera": b"FUJIFILMCCD-RAW 0201" + b"\0" * 60,
}


@pytest.mark.parametrize("name", RARE)
def test_an_image_that_few_models_read_is_a_warning(name: str, tmp_path: Path) -> None:
    report = in_image(as_path, RARE[name], tmp_path)
    assert report.valid
    assert "file-unknown" in [one.rule for one in report.warnings]


def test_where_the_schema_names_formats_it_decides() -> None:
    class Drawn(Sample):
        __slots__ = ()
        model_id = "tests/drawn"
        _media = (MediaInput(("image",), "image", (MediaRule("format", "=", "psd, png"),)),)  # type: ignore[assignment]  # Sample has another

    assert validate(Drawn, {"image": RARE["psd"]}).warnings == []
    errors = validate(Drawn, {"image": RARE["texture"]}).errors
    assert [error.rule for error in errors] == ["format="]


def test_the_error_says_what_the_file_is_and_names_it(tmp_path: Path) -> None:
    (error,) = in_image(as_path, OTHERS["a git lfs pointer"], tmp_path).errors
    assert "x.jpg" in str(error)
    assert "a Git LFS pointer" in str(error)


@pytest.mark.parametrize("name", ["mp4", "mov", "webm", "mkv"])
def test_a_video_is_a_video_with_and_without_the_library(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert validate(Sample, {"clip": video(name)}).errors == []
    monkeypatch.setitem(sys.modules, "av", None)
    assert validate(Sample, {"clip": video(name)}).errors == []


@pytest.mark.parametrize("without_library", [False, True])
@pytest.mark.parametrize("content", [picture(40, 40), video("mp4")[:20], OTHERS["an error page"]])
def test_what_is_no_video_is_an_error(
    content: bytes, without_library: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if without_library:
        monkeypatch.setitem(sys.modules, "av", None)
    assert [error.rule for error in validate(Sample, {"clip": content}).errors] == ["file-kind"]


def test_an_input_of_any_file_takes_a_text() -> None:
    assert validate(Sample, {"loras": [{"path": b"just a text"}]}).errors == []


def test_audio_under_a_brand_of_audio_is_no_video() -> None:
    content = b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom" + b"\0" * 5000
    (error,) = validate(Sample, {"clip": content}).errors
    assert error.message.endswith("must be a video, but it is an M4A audio file")
