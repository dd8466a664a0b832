"""The deadline of a call holds whatever is slow: names, addresses, clients of the caller's, hostile answers."""

from __future__ import annotations

import importlib
import socket
import threading
import time
import zlib
from functools import partial
from typing import Any

import anyio
import pytest

from runcomfy import AsyncClient, Client, Polling, errors
from runcomfy.drivers import daemon_threads
from support.callers import FAST, OWN, TOKEN, Caller, a_request
from support.raw_server import RawServer, json_answer, raw_server
from support.stalls import STALL, before_the_stall_ends

ID = "req-1"
#: Clients of the caller's.
GIVEN = ["sync httpx", "sync httpx2", "asyncio httpx", "asyncio httpx2", "asyncio httpx_aiohttp"]


def answering(server: RawServer, connection: socket.socket, _: int) -> None:
    while server.read_call(connection):
        connection.sendall(json_answer())


def drip(server: RawServer, connection: socket.socket, _: int, head: bytes, piece: bytes) -> None:
    """The head, and then the same piece again and again."""
    server.read_call(connection)
    connection.sendall(head)
    while not server.done.wait(0.02):
        connection.sendall(piece)


def _empty_blocks() -> tuple[bytes, bytes]:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH), b"\x00\x00\x00\xff\xff"


_START, _BLOCK = _empty_blocks()
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "1xx": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "chunks": (CHUNKED + b"\r\n", b"1\r\n \r\n"),
    "an extension of a chunk": (CHUNKED + b"\r\n1;", b"x"),
    "trailers": (CHUNKED + b"\r\n0\r\n", b"X: y\r\n"),
    "gzip without content": (
        CHUNKED + b"Content-Encoding: gzip\r\n\r\n" + b"%x\r\n%s\r\n" % (len(_START), _START),
        b"5\r\n" + _BLOCK + b"\r\n",
    ),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
}


@pytest.mark.parametrize("kind", [*OWN, *GIVEN])
@pytest.mark.parametrize("name", ENDLESS)
def test_an_answer_without_an_end_ends_at_the_deadline(kind: str, name: str) -> None:
    head, piece = ENDLESS[name]
    with raw_server(partial(drip, head=head, piece=piece)) as server, before_the_stall_ends():
        with pytest.raises(errors.SubmissionUnknown):
            Caller(kind, server.url).submit(timeout=0.5)
        assert server.submits() == 1


@pytest.mark.parametrize("name", ["an extension of a chunk", "trailers", "gzip without content"])
@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_what_a_given_client_still_reads_is_cut_off(library: str, name: str) -> None:
    """The thread that was left would read on for ever, and hold a connection of the caller's pool."""
    head, piece = ENDLESS[name]
    over = threading.Event()

    def drip_once(server: RawServer, connection: socket.socket, number: int) -> None:
        if number > 1:
            answering(server, connection, number)
            return
        try:
            drip(server, connection, number, head, piece)
        except OSError:
            over.set()

    http = importlib.import_module(library).Client(trust_env=False)
    with raw_server(drip_once) as server, http:
        client = Client(TOKEN, base_url=server.url, http=http)
        with pytest.raises(errors.DeadlineExceeded):
            client.job(ID).status(timeout=0.5)
        assert over.wait(STALL)
        assert client.job(ID).status(timeout=20).state == "completed"


@pytest.mark.parametrize("kind", OWN)
def test_a_name_that_is_looked_up_for_ever_ends_at_the_deadline(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    look_up = socket.getaddrinfo

    def slowly(host: Any, *arguments: Any, **options: Any) -> Any:
        # trio asks first whether it is a number, in the thread of its event loop.
        flags = options.get("flags", arguments[4] if len(arguments) > 4 else 0)
        if host in ("localhost", b"localhost") and not flags & socket.AI_NUMERICHOST:
            go_on.wait(STALL)
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with raw_server(answering) as server, before_the_stall_ends():
        url = server.url.replace("127.0.0.1", "localhost")

        def blocking(client: Client) -> None:
            with pytest.raises(errors.ConnectionFailed, match="nothing was submitted"):
                client.submit(a_request(), timeout=0.5)
            go_on.set()

        async def awaited(client: Any) -> None:
            with pytest.raises(errors.ConnectionFailed, match="nothing was submitted"):
                await client.submit(a_request(), timeout=0.5)
            go_on.set()

        caller = Caller(kind, url)
        caller.call(blocking if caller.kind == "sync" else awaited)
        time.sleep(0.3)  # time enough for a submit that must not come
        # The one who waited has left, and was told that nothing was submitted: so nothing is.
        assert server.submits() == 0


@pytest.mark.parametrize("kind", OWN)
def test_six_addresses_that_do_not_answer_take_one_timeout(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    full: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = listener.getsockname()[1]
    for _ in range(4):  # the backlog is full then: further connections are not answered
        full.append(socket.socket())
        full[-1].setblocking(False)
        full[-1].connect_ex(("127.0.0.1", port))
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
    look_up = socket.getaddrinfo

    def six(host: Any, *arguments: Any, **options: Any) -> Any:
        if host in ("localhost", b"localhost"):
            return [address] * 6
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", six)
    with (
        before_the_stall_ends(),
        pytest.raises(errors.ConnectionFailed, match="nothing was submitted"),
    ):
        Caller(kind, f"http://localhost:{port}").submit(timeout=0.7)
    for one in [*full, listener]:
        one.close()


@pytest.mark.parametrize("kind", [*OWN, *GIVEN])
@pytest.mark.parametrize("timeout", [float("inf"), 1e10, 10**400, 1e308])
def test_a_timeout_without_bounds_is_no_limit(kind: str, timeout: float) -> None:
    with raw_server(answering) as server:
        caller = Caller(kind, server.url, polling=Polling(0.01, 1e10))
        assert caller.submit(timeout=timeout).request_id == ID
        assert caller.on_job(ID, "wait", timeout=timeout).request_id == ID


@pytest.mark.parametrize("kind", [*OWN, *GIVEN])
@pytest.mark.parametrize("timeout", [float("-inf"), -1e10, -(10**400), 0, -1])
def test_a_timeout_that_is_over_sends_nothing(kind: str, timeout: float) -> None:
    with raw_server(answering) as server:
        with pytest.raises(errors.DeadlineExceeded, match="nothing was submitted"):
            Caller(kind, server.url).submit(timeout=timeout)
        assert not server.calls


@pytest.mark.parametrize("kind", OWN)
def test_large_single_timeouts_are_taken(kind: str) -> None:
    with raw_server(answering) as server:
        caller = Caller(kind, server.url, connect_timeout=1e10, read_timeout=1e10)
        assert caller.submit(timeout=None).request_id == ID


# A client of the caller's, and what it raises after the submit went out.


@pytest.mark.parametrize(
    "place", ["mailto:x", "http:login", "C:\\login", "http://xn--a/", "//[", ""]
)
@pytest.mark.parametrize("kind", [*OWN, *GIVEN])
def test_an_odd_redirect_of_a_submit_is_unknown(kind: str, place: str) -> None:
    def redirect(server: RawServer, connection: socket.socket, _: int) -> None:
        while server.read_call(connection):
            head = f"HTTP/1.1 303 Other\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(head.encode())

    with raw_server(redirect) as server:
        with pytest.raises(errors.SubmissionUnknown):
            Caller(kind, server.url).submit()
        assert server.submits() == 1


RAISED: list[Exception] = [
    UnicodeError("idna"),
    RuntimeError("of a hook"),
    OverflowError(),
    RecursionError(),
    MemoryError(),
    EOFError(),
    KeyError("x"),
    OSError(5, "of the system"),
]


@pytest.mark.parametrize("error", RAISED, ids=[type(error).__name__ for error in RAISED])
@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.parametrize("backend", ["sync", "asyncio", "trio"])
def test_whatever_sending_raises_is_a_lost_response(
    backend: str, library: str, error: Exception
) -> None:
    httpx: Any = importlib.import_module(library)
    fast: dict[str, Any] = {**FAST}
    sent: list[Any] = []

    def play(request: Any) -> Any:
        sent.append(request)
        raise error

    async def main() -> None:
        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(play)) as http,
            AsyncClient(TOKEN, http=http, **fast) as client,
        ):
            await client.submit(a_request())

    def use() -> None:
        if backend != "sync":
            anyio.run(main, backend=backend)
            return
        with (
            httpx.Client(transport=httpx.MockTransport(play)) as http,
            Client(TOKEN, http=http, **fast) as client,
        ):
            client.submit(a_request())

    with pytest.raises(errors.SubmissionUnknown, match=type(error).__name__):
        use()
    assert len(sent) == 1


def test_what_fails_while_a_request_is_built_was_not_sent() -> None:
    class Broken:
        is_closed = False

        def build_request(self, **_: Any) -> Any:
            raise UnicodeError("of a library")

        def send(self, *_: Any, **__: Any) -> Any:
            raise AssertionError

    client = Client(TOKEN, http=Broken())  # type: ignore[arg-type]  # it has the methods
    with pytest.raises(errors.ConnectionFailed, match="nothing was submitted"):
        client.submit(a_request())


def test_a_client_of_the_callers_that_is_closed_is_reported() -> None:
    import httpx

    http = httpx.Client()
    http.close()
    with pytest.raises(errors.ClientClosed, match="http="):
        Client(TOKEN, http=http).submit(a_request())


# The threads in which blocking calls are made.


def test_threads_are_kept_for_the_next_call() -> None:
    seen = {daemon_threads.call(threading.get_ident, None, lambda: False) for _ in range(20)}
    assert len(seen) <= 3


def test_what_is_raised_in_another_thread_is_raised() -> None:
    def fail() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit) as caught:
        daemon_threads.call(fail, None, lambda: False)
    assert caught.value.code == 3


def test_many_threads_hand_over_many_calls() -> None:
    wrong: list[int] = []

    def one(number: int) -> None:
        found = {daemon_threads.call(lambda: number, None, lambda: False) for _ in range(50)}
        wrong.extend(found - {number})

    threads = [threading.Thread(target=one, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_context_variables_reach_the_callers_client() -> None:
    from contextvars import ContextVar

    import httpx

    seen: list[str] = []
    span: ContextVar[str] = ContextVar("span")

    def play(_: httpx.Request) -> httpx.Response:
        seen.append(span.get())
        return httpx.Response(200, json={"request_id": ID})

    span.set("mine")
    with httpx.Client(transport=httpx.MockTransport(play)) as http:
        Client(TOKEN, http=http).submit(a_request())
    assert seen == ["mine"]
