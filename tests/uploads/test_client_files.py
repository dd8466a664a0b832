"""Local files on their way through both clients: checked, uploaded, submitted, in this order."""

from __future__ import annotations

import io
import logging
import threading
from pathlib import Path
from typing import Any

import anyio
import psutil  # type: ignore[import-untyped]  # it ships no annotations
import pytest

from runcomfy import (
    AsyncClient,
    Client,
    ClientClosed,
    ConfigurationError,
    DeadlineExceeded,
    RequestRejected,
    UploadFailed,
    ValidationError,
    validate,
)
from runcomfy.uploads import DataUri, UploadFile
from runcomfy_models.openai import GptImage2Edit
from runcomfy_models.wan_ai import Wan2_6ImageToImage
from support.callers import BACKENDS, Caller
from support.scripted_server import ScriptedServer
from support.small_models import make_class
from support.uploads import WAN, content_of, picture, saved, sent

URL = "https://example.com/cat.png"


class Uploads:
    """An uploader of a user's own that remembers what it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []

    def __call__(self, file: UploadFile) -> str:
        self.seen.append((file.pointer, file.read()))
        return f"https://files.example.com/{len(self.seen)}?sig=s3cr3t"


@pytest.fixture
def uploads() -> Uploads:
    return Uploads()


def with_uploader(kind: str, server: ScriptedServer, uploader: Any, **settings: Any) -> Caller:
    return Caller(kind, server.url, uploader=uploader, **settings)


def edit(*files: Any) -> GptImage2Edit:
    return GptImage2Edit(prompt="a hat", images=files)


# What arrives


def test_files_arrive_as_data_uris(caller: Caller, server: ScriptedServer, tmp_path: Path) -> None:
    files = [picture(kind="PNG"), picture(kind="JPEG"), picture(kind="WEBP")]
    path = tmp_path / "named.wrongly"
    path.write_bytes(files[0])
    caller.run(edit(path, files[1], io.BytesIO(files[2]), "https://example.com/cat.png"))
    *uris, url = sent(server)["images"]
    kinds = ["image/png", "image/jpeg", "image/webp"]
    assert [content_of(uri) for uri in uris] == list(zip(kinds, files, strict=True))
    assert url == "https://example.com/cat.png"


def test_the_home_folder_is_found(
    caller: Caller, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(saved(tmp_path).parent))
    caller.run(edit(Path("~/cat.png")))
    assert content_of(sent(server)["images"][0]) == ("image/png", picture())
    report = validate(GptImage2Edit, {"prompt": "a", "images": [URL]}, files={URL: "~/cat.png"})
    assert report.files[0].info.format == "png"


def test_a_payload_with_a_model_id_takes_files_too(
    caller: Caller, server: ScriptedServer, tmp_path: Path
) -> None:
    caller.submit(WAN, {"prompt": "a hat", "image_urls": (saved(tmp_path),)})
    (uri,) = sent(server)["image_urls"]
    assert content_of(uri) == ("image/png", picture())


def test_files_in_nested_objects_arrive(
    caller: Caller, server: ScriptedServer, tmp_path: Path
) -> None:
    frame = {"type": "object", "properties": {"url": {"type": "string", "format": "image_uri"}}}
    cls = make_class(tmp_path, {"frames": {"type": "array", "items": frame}})
    caller.submit(cls(frames=[{"url": picture()}, {"url": "https://example.com/b.png"}]))
    first, second = sent(server)["frames"]
    assert content_of(first["url"])[1] == picture()
    assert second == {"url": "https://example.com/b.png"}


def test_the_urls_of_an_uploader_are_what_is_sent(
    kind: str, server: ScriptedServer, uploads: Uploads
) -> None:
    with_uploader(kind, server, uploads).run(edit(picture(), "https://example.com/b.png"))
    assert uploads.seen == [("/images/0", picture())]
    assert sent(server)["images"] == [
        "https://files.example.com/1?sig=s3cr3t",
        "https://example.com/b.png",
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_async_function_uploads_for_the_async_client(
    backend: str, server: ScriptedServer
) -> None:
    async def upload(file: UploadFile) -> str:
        await anyio.sleep(0)
        return f"https://files.example.com/{file.name}"

    with_uploader(backend, server, upload).run(edit(picture()))
    assert sent(server)["images"] == ["https://files.example.com/file.png"]


def test_the_same_file_is_uploaded_once(
    kind: str, server: ScriptedServer, uploads: Uploads, tmp_path: Path
) -> None:
    path, file = saved(tmp_path), io.BytesIO(picture(colour="blue"))
    with_uploader(kind, server, uploads).run(edit(path, file, path, URL, file))
    assert sorted(pointer for pointer, _ in uploads.seen) == ["/images/0", "/images/1"]
    urls = sent(server)["images"]
    assert (urls[0], urls[1], urls[3]) == (urls[2], urls[4], URL)


def test_a_file_object_is_taken_whole_and_left_where_it_was(
    caller: Caller, server: ScriptedServer
) -> None:
    file = io.BytesIO(picture())
    file.seek(11)
    caller.run(edit(file))
    assert content_of(sent(server)["images"][0])[1] == picture()
    assert file.tell() == 11


class Stream:
    """A file that can be read once, in pieces, and that cannot be told its place."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._content.read(min(size, 100) if size > 0 else size)


def test_a_stream_that_can_be_read_once_is_enough(caller: Caller, server: ScriptedServer) -> None:
    caller.run(edit(Stream(picture())))
    assert content_of(sent(server)["images"][0]) == ("image/png", picture())


def test_no_file_is_left_open_or_behind(
    caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    path = saved(tmp_path)
    caller.run(edit(path, Stream(bytes(9_000_000))), timeout=60)
    assert not [one for one in psutil.Process().open_files() if str(tmp_path) in one.path]
    assert list(temporary.iterdir()) == []


# What is checked before


def test_a_file_that_breaks_a_rule_is_neither_uploaded_nor_submitted(
    kind: str, server: ScriptedServer, uploads: Uploads, tmp_path: Path
) -> None:
    request = Wan2_6ImageToImage(
        prompt="a hat",
        image_urls=[saved(tmp_path), picture(width=100), tmp_path / "not-there.png"],
    )
    with pytest.raises(ValidationError) as caught:
        with_uploader(kind, server, uploads).run(request)
    assert [(v.pointer, v.rule) for v in caught.value.violations] == [
        ("/image_urls/1", "width_pixels>"),
        ("/image_urls/2", "file"),
    ]
    assert uploads.seen == []
    assert server.asked == []


def test_schema_and_files_are_reported_together(caller: Caller, server: ScriptedServer) -> None:
    payload = {"prompt": "a hat", "image_urls": [picture(width=100)], "seed": -1}
    with pytest.raises(ValidationError) as caught:
        caller.run(WAN, payload)
    assert {v.pointer for v in caught.value.violations} == {"/seed", "/image_urls/0"}
    assert server.asked == []


def test_data_uris_are_checked_like_files(caller: Caller, server: ScriptedServer) -> None:
    from base64 import b64encode

    uri = f"data:image/png;base64,{b64encode(picture(width=100)).decode()}"
    with pytest.raises(ValidationError, match="width_pixels>"):
        caller.run(Wan2_6ImageToImage(prompt="a hat", image_urls=[uri]))
    assert server.asked == []


def test_what_may_break_a_rule_is_logged_and_sent(
    caller: Caller, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "runcomfy"):
        caller.run(Wan2_6ImageToImage(prompt="a hat", image_urls=[picture(width=384)]))
    assert "/image_urls/0: is exactly at the limit of the rule: width_pixels> 384" in caplog.text
    assert server.accepted == 1


def test_rules_can_be_left_unchecked(kind: str, server: ScriptedServer, tmp_path: Path) -> None:
    caller = Caller(kind, server.url, check_files="off")
    caller.run(Wan2_6ImageToImage(prompt="a hat", image_urls=[picture(width=100)]))
    assert server.accepted == 1
    with pytest.raises(UploadFailed, match=r"No such file.*nothing was submitted"):
        caller.run(Wan2_6ImageToImage(prompt="a hat", image_urls=[tmp_path / "nope.png"]))
    with pytest.raises(ValidationError):
        caller.run(WAN, {"prompt": "a hat", "image_urls": [picture()], "seed": -1})
    assert server.count("submit") == 1


def test_a_url_that_the_schema_refuses_is_not_submitted(
    kind: str, server: ScriptedServer, uploads: Uploads, tmp_path: Path
) -> None:
    uri = {"type": "string", "format": "image_uri", "pattern": "^s3://"}
    cls = make_class(tmp_path, {"image": uri})
    with pytest.raises(ValidationError, match="pattern") as caught:
        with_uploader(kind, server, uploads).run(cls(image=picture()))
    assert "s3cr3t" not in str(caught.value)
    assert server.asked == []


def test_a_model_that_is_not_installed_takes_no_files(
    caller: Caller, server: ScriptedServer
) -> None:
    with pytest.raises(ValidationError, match="/image: is a local file, but no installed package"):
        caller.run("acme/unheard-of", {"image": Path("cat.png")})
    assert server.asked == []


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_settings_that_cannot_be_used_are_refused_at_once(client: Any) -> None:
    with pytest.raises(ConfigurationError, match="'local' or 'remote' or 'off', not 'no'"):
        client("t", check_files="no")
    with pytest.raises(ConfigurationError, match="a function that takes an UploadFile"):
        client("t", uploader="s3://bucket")


def test_the_blocking_client_refuses_an_async_uploader() -> None:
    async def upload(file: UploadFile) -> str:
        return file.name

    class Uploader:
        async def __call__(self, file: UploadFile) -> str:
            return file.name

    for uploader in (upload, Uploader()):
        with pytest.raises(ConfigurationError, match="AsyncClient takes both"):
            Client("t", uploader=uploader)  # type: ignore[arg-type]  # wrong on purpose


# What fails


def test_a_failing_uploader_says_so_and_nothing_is_submitted(
    kind: str, server: ScriptedServer
) -> None:
    def upload(file: UploadFile) -> str:
        raise OSError(
            "PUT https://bucket.example.com/cat.png?X-Amz-Signature=s3cr3t: no space left"
        )

    with pytest.raises(UploadFailed) as caught:
        with_uploader(kind, server, upload).run(edit(picture()))
    assert str(caught.value).startswith("/images/0 (")
    assert "OSError: PUT https://bucket.example.com/cat.png" in str(caught.value)
    assert "no space left; nothing was submitted" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)
    assert server.asked == []


@pytest.mark.parametrize("url", [None, b"https://e.com", "", 3], ids=repr)
def test_an_uploader_that_gives_no_url_is_reported(
    kind: str, server: ScriptedServer, url: Any
) -> None:
    with pytest.raises(UploadFailed, match=f"returned a {type(url).__name__}, not a URL"):
        with_uploader(kind, server, lambda _: url).run(edit(picture()))
    assert server.asked == []


def test_one_failure_ends_the_other_uploads(kind: str, server: ScriptedServer) -> None:
    seen: list[str] = []

    def upload(file: UploadFile) -> str:
        seen.append(file.pointer)
        raise ValueError("no")

    with pytest.raises(UploadFailed):
        with_uploader(kind, server, upload).run(edit(*(picture(n + 1) for n in range(10))))
    assert len(seen) < 10


def test_the_timeout_covers_the_upload(kind: str, server: ScriptedServer) -> None:
    late = threading.Event()

    def upload(file: UploadFile) -> str:
        late.wait(10)
        return "https://example.com/late.png"

    with pytest.raises(DeadlineExceeded, match="during an upload; nothing was submitted"):
        with_uploader(kind, server, upload).run(edit(picture()), timeout=0.2)
    late.set()
    assert server.asked == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_event_loop_continues_during_an_upload(backend: str, server: ScriptedServer) -> None:
    turned = threading.Event()

    def upload(file: UploadFile) -> str:
        assert turned.wait(10)  # it is set by the loop that waits for this
        return "https://example.com/cat.png"

    async def main() -> None:
        async with (
            AsyncClient("t", base_url=server.url, uploader=upload) as client,
            anyio.create_task_group() as group,
        ):
            group.start_soon(client.submit, edit(picture()))
            await anyio.sleep(0.05)
            turned.set()

    anyio.run(main, backend=backend)
    assert server.accepted == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_cancelled_task_submits_nothing(backend: str, server: ScriptedServer) -> None:
    started, late = threading.Event(), threading.Event()

    def upload(file: UploadFile) -> str:
        started.set()
        late.wait(10)
        return "https://example.com/cat.png"

    async def main() -> None:
        async with AsyncClient("t", base_url=server.url, uploader=upload) as client:
            with anyio.move_on_after(0.2):
                await client.run(edit(picture()))

    anyio.run(main, backend=backend)
    late.set()
    assert started.is_set()
    assert server.asked == []


def test_a_closed_client_uploads_nothing(server: ScriptedServer, uploads: Uploads) -> None:
    client = Client("t", base_url=server.url, uploader=uploads)
    client.close()
    with pytest.raises(ClientClosed):
        client.run(edit(picture()))

    async def main() -> None:
        client = AsyncClient("t", base_url=server.url, uploader=uploads)
        await client.aclose()
        with pytest.raises(ClientClosed):
            await client.run(edit(picture()))

    anyio.run(main)
    assert uploads.seen == []


def test_ctrl_c_during_an_upload_says_that_nothing_was_submitted(server: ScriptedServer) -> None:
    def upload(file: UploadFile) -> str:
        raise KeyboardInterrupt

    with (
        Client("t", base_url=server.url, uploader=upload) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        client.run(edit(picture()))
    assert caught.value.__notes__ == ["RunComfy: nothing was submitted"]
    assert server.asked == []


def test_a_file_that_is_written_to_meanwhile_is_not_submitted(
    kind: str, server: ScriptedServer, tmp_path: Path
) -> None:
    path = saved(tmp_path)

    def upload(file: UploadFile) -> str:
        path.write_bytes(picture(width=500, colour="blue"))
        return "https://example.com/cat.png"

    with pytest.raises(
        UploadFailed, match="changed while it was being read; nothing was submitted"
    ):
        with_uploader(kind, server, upload).run(edit(path))
    assert server.asked == []


def test_a_file_that_is_replaced_meanwhile_is_sent_as_it_was_checked(
    kind: str, server: ScriptedServer, tmp_path: Path
) -> None:
    path, other = saved(tmp_path), saved(tmp_path, "other.png", width=10)

    def upload(file: UploadFile) -> str:
        if other.exists():
            other.replace(path)
        return DataUri()(file)

    with_uploader(kind, server, upload).run(Wan2_6ImageToImage(prompt="a hat", image_urls=[path]))
    assert content_of(sent(server)["image_urls"][0])[1] == picture()


# What is told


def test_neither_log_nor_repr_shows_the_query_of_a_url(
    kind: str, server: ScriptedServer, uploads: Uploads, caplog: pytest.LogCaptureFixture
) -> None:
    server.script(submit=[rejection("cannot read https://files.example.com/1?sig=s3cr3t")])
    with caplog.at_level(logging.DEBUG, "runcomfy"), pytest.raises(RequestRejected) as caught:
        with_uploader(kind, server, uploads).run(edit(picture()))
    assert sent(server)["images"] == ["https://files.example.com/1?sig=s3cr3t"]
    assert "cannot read https://files.example.com/1" in str(caught.value)
    assert "s3cr3t" not in f"{caught.value!s} {caught.value!r} {caplog.text}"
    assert "bytes made available to the service" in caplog.text


def rejection(message: str) -> Any:
    from support.scripted_server import json_reply

    return json_reply(422, error_code=422001, error_message=message)
