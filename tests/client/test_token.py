"""The token: in no traceback, no debug line, and no error, even if a library repeats it."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import traceback
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from runcomfy import AsyncClient, Client, errors
from support.callers import EVERY_KIND, OWN, TOKEN, Caller, a_request, without_aiohttp
from support.certificates import self_signed
from support.raw_server import RawServer, hang, json_answer, raw_server
from support.scripted_server import json_reply, serve

ID = "req-1"


def shown(error: BaseException) -> str:
    """Everything that a tool shows which prints the locals of each frame."""
    seen: list[str] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None:
            continue
        told = traceback.TracebackException.from_exception(one, capture_locals=True)
        seen.append(str(one))
        # Frames of the tests hold the token, as they gave it.
        seen.extend(
            f"{frame.filename} {frame.locals}"
            for frame in told.stack
            if "tests" not in frame.filename
        )
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
    return "".join(seen)


@pytest.mark.parametrize("library", ["", "spread", "httpx"])
def test_no_local_of_a_timed_out_task_shows_the_token(library: str) -> None:
    async def main(url: str) -> None:
        http = httpx.AsyncClient() if library == "httpx" else None
        async with AsyncClient(TOKEN, base_url=url, http=http) as client:
            async with asyncio.timeout(0.3):
                await client.submit(a_request())

    with raw_server(hang) as server, without_aiohttp() if library == "spread" else nullcontext():
        with pytest.raises(TimeoutError) as caught:
            asyncio.run(main(server.url))
        told = shown(caught.value)
    assert "async_client.py" in told
    assert TOKEN not in told


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_the_caller_was_handling_keeps_its_frames(backend: str) -> None:
    async def main(url: str) -> BaseException | None:
        async with AsyncClient(TOKEN, base_url=url) as client:
            try:
                raise ZeroDivisionError
            except ZeroDivisionError as mine:
                with anyio.move_on_after(0.2):
                    await client.submit(a_request())
                return mine

    with raw_server(hang) as server:
        mine = anyio.run(main, server.url, backend=backend)
    assert mine is not None
    assert mine.__traceback__ is not None


def test_no_local_of_an_interrupted_blocking_call_shows_the_token() -> None:
    import os
    import signal
    import threading

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with raw_server(hang) as server, Client(TOKEN, base_url=server.url) as client:
            timer = threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT])
            timer.start()
            with pytest.raises(KeyboardInterrupt) as caught:
                client.submit(a_request(), timeout=8)
            timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert TOKEN not in shown(caught.value)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_no_error_has_a_frame_that_shows_the_token(kind: str) -> None:
    def cut(server: RawServer, connection: socket.socket, _: int) -> None:
        server.read_call(connection)

    with raw_server(cut) as server, pytest.raises(errors.SubmissionUnknown) as caught:
        Caller(kind, server.url).submit()
    assert TOKEN not in shown(caught.value)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_no_debug_line_shows_a_token_that_comes_back(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def repeat(server: RawServer, connection: socket.socket, _: int) -> None:
        while server.read_call(connection):
            head, gap, body = json_answer().partition(b"\r\n\r\n")
            head += f"\r\nX-Token: {TOKEN}\r\nX-Given: Bearer {TOKEN}".encode()
            connection.sendall(head + gap + body)

    with raw_server(repeat) as server, caplog.at_level(logging.DEBUG):
        Caller(kind, server.url).on_job(ID, "status")
    assert TOKEN not in caplog.text


def test_log_lines_of_others_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    with Client(TOKEN), caplog.at_level(logging.DEBUG):
        logging.getLogger("httpcore.http11").debug("hello %s", "world")
        logging.getLogger("httpcore.http11").debug("token %s", TOKEN)
    assert [record.msg for record in caplog.records[-2:]] == ["hello %s", "token [token]"]


# A broken TLS record after the request went out.


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    certificate = self_signed(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def break_record(
    server: RawServer, connection: socket.socket, number: int, tls: ssl.SSLContext, good: int
) -> None:
    """Take the call, then send what is no TLS record; from connection number ``good`` on, answer."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    wrapped = tls.wrap_bio(incoming, outgoing, server_side=True)

    def exchange(step: Any) -> Any:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                came = connection.recv(65_536)
                if not came:
                    return b""
                incoming.write(came)

    exchange(wrapped.do_handshake)
    connection.sendall(outgoing.read())
    call = exchange(lambda: wrapped.read(65_536))
    server.calls.append(call)
    if number < good:
        connection.sendall(b"\x17\x03\x03\x00\x20" + b"nonsense" * 4)
        server.done.wait(0.2)
        return
    body = (
        b'{"request_id": "req-1", "status": "completed", "output": "%s/a.bin"}'
        % server.url.encode()
    )
    wrapped.write(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    )
    connection.sendall(outgoing.read())
    server.done.wait(0.2)


@pytest.mark.parametrize("kind", OWN)
def test_a_broken_tls_record_after_a_submit_is_unknown(kind: str, tls: ssl.SSLContext) -> None:
    with raw_server(partial(break_record, tls=tls, good=99)) as server:
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(errors.SubmissionUnknown):
            Caller(kind, url).submit(timeout=5)
        assert server.submits() == 1


@pytest.mark.parametrize("kind", OWN)
def test_a_broken_tls_record_of_a_poll_is_retried(kind: str, tls: ssl.SSLContext) -> None:
    with raw_server(partial(break_record, tls=tls, good=2)) as server:
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        assert Caller(kind, url).on_job(ID, "status", timeout=5).state == "completed"
        assert len(server.calls) == 2


@pytest.mark.parametrize("backend", ["sync", "asyncio", "trio"])
def test_a_broken_tls_record_over_a_client_of_the_callers(
    backend: str, tls: ssl.SSLContext
) -> None:
    import os

    trusting = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])

    async def main(url: str) -> None:
        async with (
            httpx.AsyncClient(verify=trusting) as http,
            AsyncClient(TOKEN, base_url=url, http=http) as client,
        ):
            await client.submit(a_request(), timeout=5)

    def use(url: str) -> None:
        if backend != "sync":
            anyio.run(main, url, backend=backend)
            return
        with httpx.Client(verify=trusting) as http, Client(TOKEN, base_url=url, http=http) as one:
            one.submit(a_request(), timeout=5)

    with raw_server(partial(break_record, tls=tls, good=99)) as server:
        with pytest.raises(errors.SubmissionUnknown):
            use(server.url.replace("http://127.0.0.1", "https://localhost"))
        assert server.submits() == 1


@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_a_broken_tls_record_of_a_download_is_retried(kind: str, tls: ssl.SSLContext) -> None:
    from runcomfy.downloads.config import tls_context

    tls_context.cache_clear()

    def blocking(client: Any) -> Any:
        return client.job(ID).result().files[0].read(timeout=10)

    async def awaited(client: Any) -> Any:
        return await (await client.job(ID).result()).files[0].read(timeout=10)

    #: The result comes over the first connection, the file over the third.
    def serve(server: RawServer, connection: socket.socket, number: int) -> None:
        server.url = server.url.replace("http://127.0.0.1", "https://localhost")
        break_record(server, connection, number if number == 2 else 9, tls=tls, good=3)

    with raw_server(serve) as server:
        server.url = server.url.replace("http://127.0.0.1", "https://localhost")
        caller = Caller(kind, server.url, download_hosts=[server.url.removeprefix("https://")])
        content = caller.call(blocking if kind == "sync" else awaited)
        assert content.startswith(b'{"request_id"')
        assert len(server.calls) == 3
    tls_context.cache_clear()


@pytest.mark.parametrize(
    "path",
    [f"/x/{TOKEN}/a.png", f"/{TOKEN}.png", f"/a.png;{TOKEN}", f"/{TOKEN.replace('-', '%2D')}.png"],
)
@pytest.mark.parametrize("kind", OWN)
def test_a_token_in_the_path_of_a_file_shows_nowhere(
    kind: str, path: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def look(result: Any) -> str:
        return f"{result!r} {result.files} {result.files[0].name} {result._repr_html_()}"

    def blocking(client: Any) -> str:
        result = client.job(ID).result()
        with pytest.raises(errors.DownloadFailed) as caught:
            result.save(tmp_path)
        return look(result) + "".join(traceback.format_exception(caught.value)) + caught.value.url

    async def awaited(client: Any) -> str:
        result = await client.job(ID).result()
        with pytest.raises(errors.DownloadFailed) as caught:
            await result.save(tmp_path)
        return look(result) + "".join(traceback.format_exception(caught.value)) + caught.value.url

    with serve() as server:  # which answers 404 to all else
        output = {"image": server.url + path}
        server.script(result=[json_reply(status="completed", output=output)])
        caller = Caller(kind, server.url)
        told = caller.call(blocking if caller.kind == "sync" else awaited)
    assert "token]" in told
    assert TOKEN not in told + caplog.text
