"""Local files in requests: what is taken, where, and how a request behaves that holds some."""

from __future__ import annotations

import gzip
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runcomfy import UnresolvedFiles, ValidationError, validate
from runcomfy_models.openai import GptImage2Edit
from runcomfy_models.wan_ai import Wan2_6ImageToImage
from support.small_models import make_class
from support.uploads import WAN, picture, saved


def broken(make: Callable[[], object]) -> dict[str, str]:
    """The violations by pointer."""
    with pytest.raises(ValidationError) as caught:
        make()
    return {violation.pointer: str(violation) for violation in caught.value.violations}


class PathLike:
    """A path of some library."""

    def __fspath__(self) -> str:
        return "cat.png"


def kind(value: object) -> str:
    """The name of a case; an address in memory would differ from process to process."""
    return type(value).__name__


@pytest.mark.parametrize(
    "file", [Path("cat.png"), PathLike(), b"\x89PNG", io.BytesIO(b"\x89PNG")], ids=kind
)
def test_a_path_bytes_or_a_binary_file_stands_where_a_url_can(file: Any) -> None:
    request = GptImage2Edit(prompt="a hat", images=["https://example.com/a.png", file])
    assert request.images == ("https://example.com/a.png", file)


def test_files_are_not_inspected_when_a_request_is_made() -> None:
    assert GptImage2Edit(prompt="a hat", images=[Path("not-there.png")]).prompt == "a hat"


def test_text_is_a_url_even_where_it_is_the_name_of_a_file(tmp_path: Path) -> None:
    name = str(saved(tmp_path))
    assert GptImage2Edit(prompt="a hat", images=[name]).payload()["images"] == [name]


def test_the_other_checks_hold_as_ever() -> None:
    found = broken(
        lambda: Wan2_6ImageToImage(prompt=3, image_urls=[Path("a.png")] * 4, seed=-1)  # type: ignore[arg-type]  # wrong on purpose
    )
    assert found.keys() == {"/prompt", "/image_urls", "/seed"}


@pytest.mark.parametrize("file", [Path("prompt.txt"), b"a hat", io.BytesIO(b"a hat")], ids=kind)
def test_an_input_that_takes_no_files_refuses_them(file: Any) -> None:
    found = broken(lambda: GptImage2Edit(prompt=file, images=["https://example.com/a.png"]))
    assert found.keys() == {"/prompt"}


def test_a_list_that_is_none_is_reported() -> None:
    made = (Path(name) for name in ("a.png", "b.png"))
    found = broken(lambda: GptImage2Edit(prompt="a hat", images=made))  # type: ignore[arg-type]  # wrong on purpose
    assert found == {"/images": "/images: must be a list, got a Python generator"}


def test_one_file_is_no_list_of_files() -> None:
    found = broken(lambda: GptImage2Edit(prompt="a hat", images=Path("a.png")))  # type: ignore[arg-type]  # wrong on purpose
    assert found == {"/images": '/images: must be a list, got the path "a.png"'}


class AsyncFile:
    """A file whose reads are awaited, as those of web frameworks are."""

    async def read(self) -> bytes:
        return b""


@pytest.mark.parametrize(
    "value", [io.StringIO("text"), bytearray(b"\x89PNG"), AsyncFile(), object()], ids=kind
)
def test_the_error_for_an_almost_file_lists_what_is_accepted(value: Any) -> None:
    found = broken(lambda: GptImage2Edit(prompt="a hat", images=[value]))
    assert "must be a URL, a path, bytes or a file opened in binary mode" in found["/images/0"]


def test_a_number_among_urls_is_reported_as_before() -> None:
    found = broken(lambda: GptImage2Edit(prompt="a hat", images=[Path("a.png"), 3]))  # type: ignore[list-item]  # wrong on purpose
    assert found == {"/images/1": "/images/1: must be a string, got 3"}


def test_rules_about_the_text_of_a_url_wait_until_there_is_one(tmp_path: Path) -> None:
    uri = {"type": "string", "format": "image_uri", "pattern": "^s3://", "maxLength": 9}
    cls = make_class(tmp_path, {"image": uri})
    assert cls(image=Path("a.png")).image == Path("a.png")
    assert broken(lambda: cls(image="https://example.com/a.png")).keys() == {"/image"}


def test_two_files_are_not_taken_for_the_same(tmp_path: Path) -> None:
    uris = {"type": "array", "format": "image_uris", "uniqueItems": True}
    cls = make_class(tmp_path, {"images": uris})
    assert len(cls(images=[Path("a.png"), b"1"]).images) == 2


def test_files_stand_in_nested_objects_too(tmp_path: Path) -> None:
    frame = {
        "type": "object",
        "properties": {"url": {"type": "string", "format": "image_uri"}, "at": {"type": "string"}},
    }
    cls = make_class(tmp_path, {"frames": {"type": "array", "items": frame}})
    assert cls(frames=[{"url": Path("a.png")}]).frames[0]["url"] == Path("a.png")
    assert broken(lambda: cls(frames=[{"at": b"1"}])).keys() == {"/frames/0/at"}


def test_requests_with_paths_and_bytes_are_values() -> None:
    def make() -> GptImage2Edit:
        return GptImage2Edit(prompt="a hat", images=[Path("a.png"), b"1"])

    assert make() == make()
    assert hash(make()) == hash(make())
    assert make() != make().replace(images=[Path("b.png"), b"1"])
    assert pickle.loads(pickle.dumps(make())) == make()  # noqa: S301  # its own words


def test_the_repr_of_a_request_is_short() -> None:
    request = GptImage2Edit(prompt="a hat", images=[bytes(10**6), Path("a.png")])
    assert len(repr(request)) < 120
    assert "1,000,000 bytes" in repr(request)
    assert "a.png" in repr(request)


def test_a_payload_with_files_in_it_says_who_makes_them_into_urls() -> None:
    request = GptImage2Edit(prompt="a hat", images=["https://e.com/a.png", Path("a.png"), b"12"])
    with pytest.raises(UnresolvedFiles) as caught:
        request.payload()
    assert caught.value.files == {"/images/1": "a.png", "/images/2": "2 bytes"}
    assert "client" in str(caught.value)
    assert "uploads.resolve" in str(caught.value)


def test_validate_inspects_the_files_of_a_request_and_of_a_payload(tmp_path: Path) -> None:
    small, good = saved(tmp_path, "small.png", width=384), picture()
    files: list[Any] = [small, good, io.BytesIO(picture(height=100))]
    request = Wan2_6ImageToImage(prompt="a hat", image_urls=files)
    reports = [
        validate(Wan2_6ImageToImage, request),
        validate(WAN, {"prompt": "a hat", "image_urls": files}),
        validate(WAN, {"prompt": "a hat", "image_urls": tuple(files)}),
    ]
    for report in reports:
        assert [(v.pointer, v.rule, v.value) for v in report.errors] == [
            ("/image_urls/2", "height_pixels>", 100)
        ]
        assert [(v.pointer, v.rule) for v in report.warnings] == [
            ("/image_urls/0", "width_pixels>")
        ]
        assert report.unchecked == []


def test_validate_leaves_a_file_object_where_it_was() -> None:
    file = io.BytesIO(picture())
    file.seek(7)
    validate(WAN, {"prompt": "a hat", "image_urls": [file]})
    assert file.tell() == 7


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    closed = io.BytesIO()
    closed.close()
    (tmp_path / "empty.png").touch()
    archive = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(picture())[:20]))
    files = [tmp_path / "nope.png", tmp_path, tmp_path / "empty.png", b"", closed, Path("a\0b")]
    files.append(archive)
    told = []
    for file in files:
        (error,) = validate(GptImage2Edit, {"prompt": "a hat", "images": [file]}).errors
        assert (error.pointer, error.rule) == ("/images/0", "file")
        told.append(error.message)
    assert told[0] == "cannot be read: No such file or directory"
    assert told[1] == "cannot be read: it is not a regular file"
    assert told[2:4] == ["is empty", "is empty"]
    assert "closed" in told[4]
    assert "null" in told[5]
    assert "ended before" in told[6]


def test_pydantic_takes_files_from_a_program_and_none_from_json() -> None:
    pydantic = pytest.importorskip("pydantic")
    adapter = pydantic.TypeAdapter(GptImage2Edit)
    files = {"prompt": "a hat", "images": [Path("a.png")]}
    assert adapter.validate_python(files).images == (Path("a.png"),)
    body = b'{"prompt": "a hat", "images": ["/etc/passwd"]}'
    assert adapter.validate_json(body).payload()["images"] == ["/etc/passwd"]
    assert adapter.json_schema()["properties"]["images"]["items"]["type"] == "string"
    with pytest.raises(ValueError, match="local files"):
        adapter.dump_python(adapter.validate_python(files))
