"""``resolve``: URLs in the places of files, without a submit; and the file as an uploader sees it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from runcomfy import ConfigurationError, DeadlineExceeded, UploadFailed, ValidationError
from runcomfy.uploads import DataUri, UploadFile, resolve, resolve_async
from runcomfy_models.openai import GptImage2Edit
from support.small_models import make_class
from support.uploads import CALLERS, content_of, picture, saved

Resolve = Callable[..., Any]


@pytest.fixture(params=CALLERS)
def resolved(request: pytest.FixtureRequest) -> Resolve:
    """``resolve``, or ``resolve_async`` in an event loop of its own."""
    if request.param == "sync":
        return resolve

    def run(*arguments: Any, **options: Any) -> Any:
        return anyio.run(partial(resolve_async, *arguments, **options), backend=request.param)

    return run


def edit(*files: Any) -> GptImage2Edit:
    return GptImage2Edit(prompt="a hat", images=files)


def test_it_gives_a_request_of_the_same_class_with_urls(resolved: Resolve, tmp_path: Path) -> None:
    request = edit(saved(tmp_path), "https://example.com/b.png")
    made = resolved(request, lambda file: f"https://files.example.com/{file.name}")
    assert isinstance(made, GptImage2Edit)
    assert made.payload() == {
        "prompt": "a hat",
        "images": ["https://files.example.com/cat.png", "https://example.com/b.png"],
    }
    assert request.images[0] == tmp_path / "cat.png"


def test_without_an_uploader_files_become_data_uris(resolved: Resolve) -> None:
    assert content_of(resolved(edit(picture())).payload()["images"][0]) == ("image/png", picture())


def test_a_request_without_files_is_given_back_as_it_is(resolved: Resolve) -> None:
    request = edit("https://example.com/b.png")
    assert resolved(request) == request


def test_its_faults_are_those_of_a_client(resolved: Resolve, tmp_path: Path) -> None:
    with pytest.raises(
        UploadFailed, match=r"/images/0 \(.*nope.png\) cannot be read: No such file"
    ):
        resolved(edit(tmp_path / "nope.png"))
    with pytest.raises(UploadFailed, match="MiB"):
        resolved(edit(picture()), DataUri(max_body=10))
    with pytest.raises(ConfigurationError):
        resolved(edit(picture()), "s3://bucket")
    cls = make_class(tmp_path, {"image": {"type": "string", "format": "image_uri", "maxLength": 9}})
    with pytest.raises(ValidationError, match="at most 9 characters"):
        resolved(cls(image=picture()))


def test_it_has_a_timeout(resolved: Resolve) -> None:
    late = threading.Event()
    with pytest.raises(DeadlineExceeded):
        resolved(edit(picture()), lambda _: late.wait(10), timeout=0.1)
    late.set()


# What an uploader gets


def given(*files: Any) -> list[dict[str, Any]]:
    """What an uploader sees of each file."""
    seen: list[dict[str, Any]] = []

    def upload(file: UploadFile) -> str:
        names = ("name", "size", "media_type", "ending", "sha256", "pointer")
        seen.append({name: getattr(file, name) for name in names})
        return "https://example.com/x"

    resolve(edit(*files), upload)
    return sorted(seen, key=lambda one: str(one["pointer"]))


def test_it_is_told_what_there_is_to_know(tmp_path: Path) -> None:
    content = picture(kind="JPEG")
    path = tmp_path / "holiday.jpeg"
    path.write_bytes(content)
    first, second, third = given(path, content, io.BytesIO(content))
    assert first == {
        "name": "holiday.jpeg",
        "size": len(content),
        "media_type": "image/jpeg",
        "ending": ".jpg",
        "sha256": sha256(content).hexdigest(),
        "pointer": "/images/0",
    }
    assert (second["name"], third["name"]) == ("file.jpg", "file.jpg")


def test_it_can_read_the_file_as_any_library_does() -> None:
    content = picture()
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, text="https://files.example.com/1")

    def upload(file: UploadFile) -> str:
        assert file.read(4) == b"\x89PNG"
        assert file.seek(-4, io.SEEK_END) == len(content) - 4
        assert file.read() == content[-4:]
        assert file.sha256 == sha256(content).hexdigest()
        assert file.tell() == len(content)
        file.seek(0)
        with httpx.Client(transport=httpx.MockTransport(answer)) as http:
            headers = {"Content-Type": file.media_type, "Content-Length": str(file.size)}
            return http.post("https://up.example.com", content=file, headers=headers).text

    made = resolve(edit(content), upload)
    assert made.payload()["images"] == ["https://files.example.com/1"]
    assert asked[0].read() == content


def test_what_it_closes_is_not_the_callers_file() -> None:
    file = io.BytesIO(picture())

    def upload(given: UploadFile) -> str:
        with given:
            given.read()
        return "https://example.com/x"

    resolve(edit(file, file), upload)
    assert not file.closed


def test_a_late_uploader_cannot_touch_the_callers_file() -> None:
    """The call has ended; its file may be anything by now."""
    file, late, found = io.BytesIO(picture()), threading.Event(), threading.Event()

    def upload(given: UploadFile) -> str:
        late.wait(10)
        try:
            given.read()
        except ValueError:
            found.set()
        return "https://example.com/x"

    with pytest.raises(DeadlineExceeded):
        resolve(edit(file), upload, timeout=0.1)
    file.seek(5)
    late.set()
    assert found.wait(10)
    assert file.tell() == 5
