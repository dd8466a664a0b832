"""Files inside the payload: how large they may be, and what is said when they are larger."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest

from runcomfy import UploadFailed
from runcomfy.uploads import DataUri
from runcomfy_models.openai import GptImage2Edit
from support.callers import Caller
from support.scripted_server import ScriptedServer
from support.uploads import content_of, picture, saved, sent

MIB = 2**20


def sparse(path: Path, size: int) -> Path:
    """A file of this size that takes no room."""
    with path.open("wb") as file:
        file.write(picture())
        file.truncate(size)
    return path


def test_a_body_that_is_too_large_is_not_even_read(
    caller: Caller, server: ScriptedServer, tmp_path: Path
) -> None:
    files = [sparse(tmp_path / "a.png", 5_000 * MIB), sparse(tmp_path / "b.png", 10 * MIB)]
    with pytest.raises(UploadFailed) as caught:
        caller.run(GptImage2Edit(prompt="a hat", images=files), timeout=5)
    message = str(caught.value)
    assert "the request would be 6680.0 MiB, but the service accepts at most 64 MiB" in message
    assert "/images/0 5000.0 MiB, /images/1 10.0 MiB" in message
    assert "Nothing was submitted" in message
    assert "Client(uploader=ObjectStore(" in message
    assert server.asked == []


def body_of(size: int) -> int:
    payload = {"prompt": "a hat", "images": [f"data:image/png;base64,{'A' * size}"]}
    return len(json.dumps(payload, separators=(",", ":")))


def test_the_limit_counts_the_whole_body_to_the_byte(
    kind: str, server: ScriptedServer, tmp_path: Path
) -> None:
    path = saved(tmp_path)
    request = GptImage2Edit(prompt="a hat", images=[path])
    body = body_of(len(b64encode(picture())))
    with pytest.raises(UploadFailed):
        Caller(kind, server.url, uploader=DataUri(max_body=body - 1)).run(request)
    assert server.asked == []
    Caller(kind, server.url, uploader=DataUri(max_body=body)).run(request)
    (submit,) = [asked for asked in server.asked if asked.action == "submit"]
    assert len(submit.body) == body


def test_a_file_counts_as_often_as_it_stands_in_the_payload(
    kind: str, server: ScriptedServer, tmp_path: Path
) -> None:
    path = saved(tmp_path)
    once = body_of(len(b64encode(picture())))
    caller = Caller(kind, server.url, uploader=DataUri(max_body=once))
    with pytest.raises(UploadFailed):
        caller.run(GptImage2Edit(prompt="a hat", images=[path, path]))


def test_data_uris_of_the_caller_count_too(kind: str, server: ScriptedServer) -> None:
    uri = f"data:image/png;base64,{b64encode(picture() + bytes(2 * MIB)).decode()}"
    caller = Caller(kind, server.url, uploader=DataUri(max_body=MIB))
    with pytest.raises(UploadFailed, match=r"at most 1 MiB: the payload itself 2\.7 MiB"):
        caller.run(GptImage2Edit(prompt="a hat", images=[uri]))
    assert server.asked == []


UNKNOWN = b"\0\1no header that is known"


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.bin", picture(kind="JPEG"), "image/jpeg"),
        ("a.jpg", picture(kind="GIF"), "image/gif"),
        ("a.BMP", picture(kind="BMP"), "image/bmp"),
        ("a.png", UNKNOWN, "application/octet-stream"),
        ("a.safetensors", UNKNOWN, "application/octet-stream"),
        ("a", UNKNOWN, "application/octet-stream"),
    ],
)
def test_the_media_type_comes_from_the_content_not_the_name(
    name: str, content: bytes, media_type: str, server: ScriptedServer, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    Caller("sync", server.url).run(GptImage2Edit(prompt="a hat", images=[path]))
    assert content_of(sent(server)["images"][0]) == (media_type, content)
