"""Which strings of an output are files, and their names once their content is known."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from runcomfy import Output, Result
from runcomfy.downloads.partial_file import PartialFile, SaveTarget
from runcomfy.media.formats import FORMATS, recognise
from support.uploads import picture

BASE = "https://model-api.runcomfy.net/v1/requests/r1"
#: What stands under "image", and the address that it is.
ADDRESSES = {
    "https://x.runcomfy.net/a b.png": "https://x.runcomfy.net/a%20b.png",
    "https://x.runcomfy.net/a.png\n": "https://x.runcomfy.net/a.png",
    "https://x.runcomfy.net/a\r\n.png": "https://x.runcomfy.net/a.png",
    "  https://x.runcomfy.net/a.png": "https://x.runcomfy.net/a.png",
    "//x.runcomfy.net/a.png": "https://x.runcomfy.net/a.png",
    "/files/a.png": "https://model-api.runcomfy.net/files/a.png",
    "files/a b.png": f"{BASE}/files/a%20b.png",
    "a.png": f"{BASE}/a.png",
    "../a": "https://model-api.runcomfy.net/v1/requests/a",
}


def result(**output: object) -> Result[Output]:
    return Result("r1", Output.from_payload({}), {"output": output})


@pytest.mark.parametrize(("text", "url"), ADDRESSES.items(), ids=map(repr, ADDRESSES))
@pytest.mark.parametrize("shape", ["text", "list", "object"])
def test_every_text_under_image_is_a_file(text: str, url: str, shape: str) -> None:
    given = {"text": text, "list": [text], "object": {"url": text}}[shape]
    assert [file.url for file in result(image=given).files] == [url]
    assert [file.kind for file in result(image=given).files] == ["image"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("image_url", "image"),
        ("image_urls", "image"),
        ("output_image", "image"),
        ("outputVideo", "video"),
        ("videoURL", "video"),
        ("AUDIO", "audio"),
        ("image_0", "image"),
        ("image2Url", "image"),
        ("audioFile", "audio"),
        ("video_path", "video"),
        ("gifs", "image"),
        ("files", "file"),
        ("url", "file"),
        ("model_mesh", "file"),
    ],
)
def test_a_name_that_ends_with_a_kind_names_a_file(name: str, kind: str) -> None:
    (file,) = result(**{name: "/files/a b.dat"}).files
    assert (file.url, file.kind) == ("https://model-api.runcomfy.net/files/a%20b.dat", kind)


@pytest.mark.parametrize("name", ["image_size", "video_id", "audio_language", "imagery", "_", ""])
def test_a_name_that_only_speaks_of_a_kind_names_none(name: str) -> None:
    assert [*result(**{name: "a/b"}).files] == []


@pytest.mark.parametrize(
    "given",
    [
        {"path": "/a.png"},
        {"file": "/a.png"},
        {"download_url": "/a.png", "width": 8, "content_type": "image/png"},
        {"first": {"url": "/a.png"}},
        {"items": [{"src": "/a.png"}]},
    ],
    ids=str,
)
def test_an_object_under_image_holds_its_file(given: object) -> None:
    (file,) = result(images=given).files
    assert (file.url, file.kind) == ("https://model-api.runcomfy.net/a.png", "image")


@pytest.mark.parametrize("name", ["image_base64", "b64_json", "data", "answer"])
def test_media_in_base64_is_a_file_under_any_name(name: str, tmp_path: Path) -> None:
    content = picture()
    given = [{name: base64.b64encode(content).decode()}]
    (path,) = result(results=given).save(tmp_path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("member", ["b64_json", "base64", "data", "content"])
def test_content_inside_an_object_is_a_file(member: str, tmp_path: Path) -> None:
    content = picture()
    given = [{member: base64.b64encode(content).decode(), "mime_type": "image/png"}]
    (path,) = result(images=given).save(tmp_path)
    assert path.read_bytes() == content


def test_content_in_base64_for_urls_or_with_spaces_is_a_file(tmp_path: Path) -> None:
    content = picture()
    encoded = base64.urlsafe_b64encode(content).decode()
    spaced = " ".join(encoded[at : at + 64] for at in range(0, len(encoded), 64))
    for text in (encoded, spaced):
        (path,) = result(image=text).save(tmp_path, overwrite=True)
        assert path.read_bytes() == content


@pytest.mark.parametrize("text", [text for text in ADDRESSES if "://" not in text])
def test_elsewhere_only_whole_addresses_are_files(text: str) -> None:
    assert [*result(note=text).files] == []


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_content_in_the_output_is_a_file(kind: str, tmp_path: Path) -> None:
    content = picture(kind=kind)
    encoded = base64.b64encode(content).decode()
    lines = "\n".join(encoded[at : at + 76] for at in range(0, len(encoded), 76))
    extension = {"PNG": ".png", "JPEG": ".jpg"}[kind]
    for text in (f"data:image/png;base64,{encoded}", encoded, lines, encoded.rstrip("=")):
        (path,) = result(image=text).save(tmp_path / "out", overwrite=True)
        assert path.name == f"r1-1{extension}"
        assert path.read_bytes() == content


def test_a_data_uri_is_not_shown_whole() -> None:
    (file,) = result(image="data:image/png;base64," + "A" * 10_000).files
    assert len(repr(file)) < 200


#: The name that the address gives, the first bytes, and the name that the file gets.
NAMES = [
    ("1-a.png", b"\xff\xd8\xff\xe0", "1-a.jpg"),
    ("1-a.jpeg", b"\xff\xd8\xff\xe0", "1-a.jpeg"),
    ("1-a.jpg", b"RIFF\0\0\0\0WEBPVP8 ", "1-a.webp"),
    ("1-a.mp4", b"\x1aE\xdf\xa3\x01\0\0\0B\x82\x84webm", "1-a.webm"),
    ("1-a.mp3", b"RIFF\0\0\0\0WAVEfmt ", "1-a.wav"),
    ("1-a.m4a", b"\0\0\0\x20ftypisom", "1-a.m4a"),
    ("1-a.png", b"\0 no known bytes", "1-a.png"),
    ("1-a.png", b"PK\x03\x04", "1-a.zip"),
    ("1-a.png", b"\x7fELF" + b"\0" * 60, "1-a.png"),
    ("1-a.png", b"<html>", "1-a.png"),
    ("1-a.usdz", b"PK\x03\x04", "1-a.usdz"),
    ("1-a.pt", b"PK\x03\x04", "1-a.pt"),
    ("1-a", b"fLaC\0\0\0\x22", "1-a.flac"),
    ("1-a", b"%PDF-1.7", "1-a.pdf"),
    *((f"1-a{kept}", b"\0\1\2", f"1-a{kept}") for kept in (".svg", ".pdf", ".tar", ".npy", ".midi", ".gz")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "first", "saved"), NAMES)
def test_content_decides_the_extension_of_known_kinds(
    name: str, first: bytes, saved: str, tmp_path: Path
) -> None:
    part = PartialFile(SaveTarget.inside(tmp_path, name, overwrite=False))
    part.write(first)
    assert part.publish("").name == saved


@pytest.mark.parametrize("last", ["a.svg", "a.pdf", "a.tar", "a.npy", "a.midi", "a.parquet"])
def test_harmless_extensions_survive(last: str) -> None:
    (file,) = result(image=f"https://x.runcomfy.net/{last}").files
    assert file.name == f"r1-1-{last}"


@pytest.mark.parametrize("last", ["a.exe", "a.sh", "a.html", "a.lnk", "a.py", "a.js", "a.command"])
def test_what_could_be_run_becomes_part_of_the_name(last: str) -> None:
    (file,) = result(image=f"https://x.runcomfy.net/{last}").files
    assert file.name == "r1-1-" + last.replace(".", "_")


def test_a_name_of_the_caller_s_own_stays(tmp_path: Path) -> None:
    encoded = base64.b64encode(picture(kind="JPEG")).decode()
    path = result(image=encoded).files[0].save(tmp_path / "mine.png")
    assert path.name == "mine.png"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("data:image/png;base64," + base64.b64encode(picture(kind="JPEG")).decode(), "r1-1.jpg"),
        ("data:;base64," + base64.b64encode(picture()).decode(), "r1-1.png"),
        ("data:image/webp;base64,!", "r1-1.webp"),
        ("data:image/svg+xml,%3Csvg/%3E", "r1-1.svg"),
    ],
)
def test_an_inline_file_has_the_extension_of_its_content(address: str, name: str) -> None:
    assert [file.name for file in result(image=address).files] == [name]


def test_the_table_of_formats_agrees_with_itself() -> None:
    for one in FORMATS.values():
        for parts in one.magic:
            head = bytearray(400)
            for offset, magic in parts:
                head[offset : offset + len(magic)] = magic
            assert recognise(bytes(head)) == one.name
        assert all(extension.startswith(".") for extension in one.extensions)
        assert all("/" in media_type for media_type in one.media_types)
