"""Interruptions, closing, pickling: what a download leaves behind, and what it needs."""

from __future__ import annotations

import copy
import importlib
import logging
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from runcomfy import AsyncClient, AsyncResult, Client, Output, Result, errors
from support.callers import BACKENDS, FAST, TOKEN, Caller
from support.file_host import CONTENT, FileHost, Given
from support.scripted_server import ID, ScriptedServer, json_reply, serve
from support.stalls import before_the_stall_ends


@pytest.fixture
def server(host: FileHost) -> Iterator[ScriptedServer]:
    with serve() as scripted:
        output = {"images": [f"{host.url}/{name}.png" for name in "abc"]}
        scripted.script(result=[json_reply(status="completed", output=output)])
        yield scripted


def settings(server: ScriptedServer, host: FileHost) -> dict[str, Any]:
    return {"base_url": server.url, "download_hosts": [host.place], **FAST}


def half(host: FileHost) -> Given:
    return Given(body=CONTENT, after=300_000, then="wait")


def press_ctrl_c_when(host: FileHost, asked: int) -> threading.Thread:
    """A person at the keyboard, who waits for the host to be asked so often."""

    def wait() -> None:
        while len(host.asked) < asked:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.fixture(autouse=True)
def usual_ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_ctrl_c_ends_a_save_at_once_and_leaves_no_file(
    server: ScriptedServer, host: FileHost, tmp_path: Path, concurrency: int
) -> None:
    host.script(half(host))
    with Client(TOKEN, **settings(server, host)) as client:
        result = client.job(ID).result()
        person = press_ctrl_c_when(host, min(concurrency, 3))
        with before_the_stall_ends(), pytest.raises(KeyboardInterrupt):
            result.save(tmp_path, concurrency=concurrency)
        person.join()
        assert list(tmp_path.iterdir()) == []
        host.leave.set()
        asked = len(host.asked)
    assert list(tmp_path.iterdir()) == []
    assert len(host.asked) == asked


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_cancelled_save_leaves_no_file(
    server: ScriptedServer, host: FileHost, tmp_path: Path, kind: str
) -> None:
    host.script(half(host))

    async def main() -> None:
        async with AsyncClient(TOKEN, **settings(server, host)) as client:
            result = await client.job(ID).result()
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(result.save, tmp_path)
                    while len(host.asked) < 3 or len(list(tmp_path.iterdir())) < 3:
                        await anyio.sleep(0.01)
                    scope.cancel()
            assert scope.cancelled_caught

    anyio.run(main, backend=kind)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["sync", *BACKENDS])
def test_there_is_no_file_under_the_final_name_before_it_is_complete(
    server: ScriptedServer, host: FileHost, tmp_path: Path, kind: str
) -> None:
    seen: list[list[str]] = []

    def look(*_: object) -> None:
        seen.append([path.name for path in tmp_path.iterdir()])

    def save(client: Any) -> Any:
        if isinstance(client, Client):
            return client.job(ID).result().files[0].save(tmp_path / "hat.png", progress=look)

        async def main() -> Any:
            file = (await client.job(ID).result()).files[0]
            return await file.save(tmp_path / "hat.png", progress=look)

        return main()

    path = Caller(kind, server.url, download_hosts=[host.place]).call(save)
    assert path == tmp_path / "hat.png"
    assert seen
    for there in seen:
        assert all(name.startswith(".hat.png.part-") for name in there)
    assert list(tmp_path.iterdir()) == [path]


def test_files_can_be_fetched_after_the_client_was_closed(
    server: ScriptedServer, host: FileHost, tmp_path: Path
) -> None:
    with Client(TOKEN, **settings(server, host)) as client:
        result = client.job(ID).result()
    assert len(result.save(tmp_path)) == 3


@pytest.mark.parametrize("kind", BACKENDS)
def test_files_can_be_fetched_in_another_event_loop_after_the_client_was_closed(
    server: ScriptedServer, host: FileHost, tmp_path: Path, kind: str
) -> None:
    async def run() -> AsyncResult[Output]:
        async with AsyncClient(TOKEN, **settings(server, host)) as client:
            return await client.job(ID).result()

    result = anyio.run(run, backend=kind)
    assert len(anyio.run(result.save, tmp_path, backend=kind)) == 3


def test_closing_the_client_ends_the_downloads(
    server: ScriptedServer, host: FileHost, tmp_path: Path
) -> None:
    host.script(half(host))
    client = Client(TOKEN, **settings(server, host))
    file = client.job(ID).result().files[0]

    def close() -> None:
        while len(host.asked) < 1:
            time.sleep(0.01)
        client.close()

    closer = threading.Thread(target=close)
    closer.start()
    with before_the_stall_ends(), pytest.raises(errors.ClientClosed):
        file.save(tmp_path)
    closer.join()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("copier", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy])  # noqa: S301  # our own bytes
def test_a_copied_result_still_saves_its_files_and_holds_no_token(
    server: ScriptedServer, host: FileHost, tmp_path: Path, copier: Any
) -> None:
    with Client(TOKEN, **settings(server, host)) as client:
        result = client.job(ID).result()
    assert TOKEN.encode() not in pickle.dumps(result)
    copied: Result[Output] = copier(result)
    assert copied == result
    assert copied.files == result.files
    assert len(copied.save(tmp_path)) == 3
    assert copier(copied.files[0]).read() == CONTENT


def test_a_copied_async_result_still_saves_its_files(
    server: ScriptedServer, host: FileHost, tmp_path: Path
) -> None:
    async def run() -> AsyncResult[Output]:
        async with AsyncClient(TOKEN, **settings(server, host)) as client:
            return await client.job(ID).result()

    result = pickle.loads(pickle.dumps(anyio.run(run)))  # noqa: S301  # our own bytes
    assert len(anyio.run(result.save, tmp_path)) == 3


def test_connections_are_kept_while_the_client_is_open(
    server: ScriptedServer, host: FileHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    make = httpx.Client.__init__

    def counted(self: httpx.Client, **arguments: Any) -> None:
        made.append(self)
        make(self, **arguments)

    monkeypatch.setattr(httpx.Client, "__init__", counted)
    with Client(TOKEN, **settings(server, host)) as client:
        for _ in range(3):
            client.job(ID).result().save(tmp_path)
    assert len(made) <= 2  # for files, and perhaps for calls


def test_a_client_of_one_s_own_fetches_the_files_and_stays_open(
    server: ScriptedServer, host: FileHost
) -> None:
    asked: list[str] = []
    with httpx.Client(
        auth=("user", "password"),
        event_hooks={"request": [lambda request: asked.append(request.url.path)]},
    ) as mine:
        with Client(TOKEN, download_http=mine, **settings(server, host)) as client:
            assert client.job(ID).result().files[0].read() == CONTENT
        assert not mine.is_closed
    assert asked == ["/a.png"]
    assert "authorization" not in host.asked[0][1]


def test_a_client_of_httpx2_fetches_the_files_too(
    server: ScriptedServer, host: FileHost, tmp_path: Path
) -> None:
    httpx2: Any = importlib.import_module("httpx2")  # its types are not those of httpx
    faults: list[Any] = [host.cut(300_000), Given(503), host.cut(0), host.whole]

    async def fetch() -> bytes:
        async with (
            httpx2.AsyncClient() as mine,
            AsyncClient(TOKEN, download_http=mine, **settings(server, host)) as client,
        ):
            return await (await client.job(ID).result()).files[0].read()

    host.script(*faults)
    assert anyio.run(fetch) == CONTENT
    host.script(*faults)
    with (
        httpx2.Client() as mine,
        Client(TOKEN, download_http=mine, **settings(server, host)) as client,
    ):
        path = client.job(ID).result().files[0].save(tmp_path)
    assert path.read_bytes() == CONTENT


def test_files_of_this_machine_bypass_proxies_of_the_environment(
    server: ScriptedServer, host: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Client(TOKEN, **settings(server, host)) as client:
        assert client.job(ID).result().files[0].read() == CONTENT


def test_messages_and_our_log_lines_leave_out_the_query_of_an_address(
    server: ScriptedServer, host: FileHost, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "runcomfy")
    url = f"{host.url}/a.png?X-Signature=s3cret"
    server.script(result=[json_reply(status="completed", output=url)])
    host.script(Given(500), host.whole, Given(404))
    with Client(TOKEN, **settings(server, host)) as client:
        [file] = client.job(ID).result().files
        file.save(tmp_path)
        with pytest.raises(errors.DownloadFailed) as caught:
            file.read()
    ours = [record.getMessage() for record in caplog.records if record.name == "runcomfy"]
    assert any("retrying in" in line for line in ours)
    assert any("saved" in line for line in ours)
    assert "s3cret" not in f"{ours} {caught.value} {file!r}"
    assert caught.value.url == url


@pytest.mark.parametrize(
    "hosts", ["cdn.example.com", ["https://cdn.example.com"], ["*"], ["*.com"]]
)
def test_a_host_that_cannot_be_meant_is_a_mistake(hosts: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match="host"):
        Client(TOKEN, download_hosts=hosts)


def test_a_limit_of_no_bytes_is_a_mistake() -> None:
    with pytest.raises(errors.ConfigurationError, match="max_file_bytes"):
        Client(TOKEN, max_file_bytes=0)
