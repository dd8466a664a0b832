"""The clients on real sockets: what is sent once, what is read, and what ends at the deadline."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from runcomfy import Client, errors
from support.callers import EVERY_KIND, OWN, Caller, a_request
from support.raw_server import RawServer, answer_all, json_answer, raw_server
from support.stalls import STALL, before_the_stall_ends

ID = "req-1"


def look_then(kind: str, url: str, then: Callable[[Any], Any]) -> Any:
    """Ask for a status, so that there is a connection, and then do something with the client."""

    def blocking(client: Client) -> Any:
        client.job(ID).status()
        return then(client)

    async def awaited(client: Any) -> Any:
        await client.job(ID).status()
        return await then(client)

    caller = Caller(kind, url)
    return caller.call(blocking if caller.kind == "sync" else awaited)


def submit(client: Any) -> Any:
    return client.submit(a_request(), timeout=5)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_submit_into_a_connection_that_closes_is_not_sent_again(kind: str) -> None:
    def close_on_submit(server: RawServer, connection: socket.socket, _: int) -> None:
        while not server.read_call(connection).startswith(b"POST"):
            connection.sendall(json_answer())

    with raw_server(close_on_submit) as server:
        with pytest.raises(errors.SubmissionUnknown):
            look_then(kind, server.url, submit)
        assert server.submits() == 1


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_connection_that_the_server_closed_is_not_used(kind: str) -> None:
    closed = threading.Event()

    def close_after_one(server: RawServer, connection: socket.socket, number: int) -> None:
        server.read_call(connection)
        connection.sendall(json_answer())
        if number == 1:
            connection.shutdown(socket.SHUT_RDWR)
            closed.set()

    def then(client: Any) -> Any:
        assert closed.wait(5)
        return submit(client)

    async def then_awaited(client: Any) -> Any:
        await anyio.to_thread.run_sync(closed.wait, 5)
        await anyio.sleep(0.05)  # the end of the connection arrives
        return await submit(client)

    with raw_server(close_after_one) as server:
        use = then if kind.startswith("sync") else then_awaited
        assert look_then(kind, server.url, use).request_id == ID
        assert (server.submits(), server.connections) == (1, 2)


@pytest.mark.parametrize("kind", OWN)
def test_what_nobody_requested_is_not_taken_as_an_answer(kind: str) -> None:
    sent = threading.Event()

    def too_much(server: RawServer, connection: socket.socket, number: int) -> None:
        server.read_call(connection)
        connection.sendall(json_answer())
        if number == 1:
            server.done.wait(0.1)
            connection.sendall(json_answer('{"request_id": "another"}'))
            sent.set()
            server.done.wait(5)

    def then(client: Any) -> Any:
        assert sent.wait(5)
        return submit(client)

    async def then_awaited(client: Any) -> Any:
        await anyio.to_thread.run_sync(sent.wait, 5)
        await anyio.sleep(0.05)  # it arrives
        return await submit(client)

    with raw_server(too_much) as server:
        use = then if kind.startswith("sync") else then_awaited
        assert look_then(kind, server.url, use).request_id == ID
        assert (server.submits(), server.connections) == (1, 2)


@pytest.mark.parametrize("kind", OWN)
def test_what_comes_with_an_answer_is_not_taken_for_the_next_one(kind: str) -> None:
    """Both are read at once, so that the socket shows nothing of it afterwards."""

    def answer_twice(server: RawServer, connection: socket.socket, number: int) -> None:
        while server.read_call(connection):
            more = json_answer('{"request_id": "another"}') if number == 1 else b""
            connection.sendall(json_answer() + more)

    with raw_server(answer_twice) as server:
        assert look_then(kind, server.url, submit).request_id == ID
        assert (server.submits(), server.connections) == (1, 2)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_header_that_comes_twice_is_read_alike(kind: str) -> None:
    def refuse(server: RawServer, connection: socket.socket, _: int) -> None:
        server.read_call(connection)
        twice = 2 * b"retry-AFTER: 7\r\n"
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n" + twice + b"\r\n")

    with raw_server(refuse) as server, pytest.raises(errors.NotFound) as caught:
        Caller(kind, server.url).on_job(ID, "status")
    assert caught.value.retry_after is None


@pytest.mark.parametrize("kind", OWN)
def test_a_client_that_is_closed_while_it_connects_sends_nothing(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, go_on = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def slowly(host: Any, *arguments: Any, **options: Any) -> Any:
        if host in ("localhost", b"localhost"):
            looking.set()
            go_on.wait(5)
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)

    def blocking(client: Client) -> None:
        def close() -> None:
            looking.wait(5)
            client.close()
            go_on.set()

        closing = threading.Thread(target=close)
        closing.start()
        with pytest.raises(errors.ClientClosed):
            client.submit(a_request(), timeout=8)
        closing.join()

    async def awaited(client: Any) -> None:
        async def close() -> None:
            await anyio.to_thread.run_sync(looking.wait, 5)
            await client.aclose()
            go_on.set()

        async with anyio.create_task_group() as group:
            group.start_soon(close)
            with pytest.raises(errors.ClientClosed):
                await client.submit(a_request(), timeout=8)

    with raw_server(answer_all) as server:
        caller = Caller(kind, server.url.replace("127.0.0.1", "localhost"))
        caller.call(blocking if caller.kind == "sync" else awaited)
        assert server.submits() == 0


def drip_headers(server: RawServer, connection: socket.socket, _: int) -> None:
    server.read_call(connection)
    for byte in json_answer():
        connection.sendall(bytes([byte]))
        if server.done.wait(0.1):
            return


def read_nothing(server: RawServer, connection: socket.socket, _: int) -> None:
    server.done.wait(STALL)


@pytest.mark.parametrize("kind", OWN)
def test_headers_in_drops_end_at_the_deadline(kind: str) -> None:
    with (
        raw_server(drip_headers) as server,
        before_the_stall_ends(),
        pytest.raises(errors.DeadlineExceeded),
    ):
        Caller(kind, server.url).on_job(ID, "status", timeout=0.5)


@pytest.mark.parametrize("kind", OWN)
def test_an_upload_that_stalls_ends_at_the_deadline(kind: str) -> None:
    with (
        raw_server(read_nothing) as server,
        before_the_stall_ends(),
        pytest.raises(errors.SubmissionUnknown),
    ):
        Caller(kind, server.url).submit("acme/cat", {"image": "x" * 12_000_000}, timeout=1.2)


@pytest.mark.parametrize("kind", OWN)
def test_a_large_body_arrives_whole(kind: str) -> None:
    image = "x" * 3_000_000
    with raw_server(answer_all) as server:
        assert Caller(kind, server.url).submit("acme/cat", {"image": image}).request_id == ID
        assert server.calls[0].endswith(f'\r\n\r\n{{"image":"{image}"}}'.encode())


def read_on(_: RawServer, connection: socket.socket) -> None:
    while connection.recv(1_000_000):
        pass


def read_no_more(server: RawServer, _: socket.socket) -> None:
    server.done.wait(60)


def half_close_and_read_on(server: RawServer, connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)
    read_on(server, connection)


def half_close_and_read_no_more(server: RawServer, connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)
    read_no_more(server, connection)


#: What a server does that has refused a large body before it came.
AFTER_A_REFUSAL = [
    read_on,
    read_no_more,
    half_close_and_read_on,
    half_close_and_read_no_more,
]
REFUSAL = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("then", AFTER_A_REFUSAL)
def test_a_refusal_that_comes_during_the_upload_is_read(
    kind: str, then: Callable[[RawServer, socket.socket], None]
) -> None:
    def refuse(server: RawServer, connection: socket.socket, _: int) -> None:
        connection.recv(1_000)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + REFUSAL)
        then(server, connection)

    with raw_server(refuse) as server, pytest.raises(errors.RequestRejected) as caught:
        Caller(kind, server.url).submit("acme/cat", {"image": "x" * 8_000_000}, timeout=60)
    assert caught.value.status == 413


@pytest.mark.parametrize("kind", OWN)
def test_an_acceptance_during_the_upload_keeps_its_id(kind: str) -> None:
    def accept(server: RawServer, connection: socket.socket, _: int) -> None:
        connection.recv(1_000)
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" + json_answer())
        read_on(server, connection)

    with raw_server(accept) as server:
        job = Caller(kind, server.url).submit("acme/cat", {"image": "x" * 8_000_000}, timeout=60)
        assert (job.request_id, server.connections) == (ID, 1)


@pytest.mark.parametrize("kind", OWN)
def test_a_refusal_before_a_reset_is_read_where_it_can_be(kind: str) -> None:
    """asyncio closes a socket whose write fails, with all that it has not read: then nothing is known."""

    def refuse(server: RawServer, connection: socket.socket, _: int) -> None:
        connection.recv(1_000)
        connection.sendall(REFUSAL)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    expected = (errors.RequestRejected, errors.SubmissionUnknown)
    with raw_server(refuse) as server:
        with pytest.raises(expected if "asyncio" in kind else expected[0]) as caught:
            Caller(kind, server.url).submit("acme/cat", {"image": "x" * 8_000_000})
        assert server.connections == 1
    assert getattr(caught.value, "status", None) in {413, None}


@pytest.mark.parametrize("kind", OWN)
def test_a_name_that_does_not_exist_is_no_submit(kind: str) -> None:
    url = "https://nowhere.invalid"
    with pytest.raises(errors.ConnectionFailed, match="nothing was submitted"):
        Caller(kind, url).submit()


@pytest.mark.parametrize("kind", OWN)
def test_cookies_are_not_kept_and_redirects_not_followed(kind: str) -> None:
    def set_cookie(server: RawServer, connection: socket.socket, _: int) -> None:
        while server.read_call(connection):
            head, separator, body = json_answer().partition(b"\r\n\r\n")
            head += f"\r\nSet-Cookie: session=1\r\nLocation: {server.url}/elsewhere".encode()
            connection.sendall(head + separator + body)

    def redirect(server: RawServer, connection: socket.socket, _: int) -> None:
        while server.read_call(connection):
            place = f"HTTP/1.1 307 Elsewhere\r\nLocation: {server.url}/x\r\nContent-Length: 0"
            connection.sendall(place.encode() + b"\r\n\r\n")

    with raw_server(set_cookie) as server:
        look_then(kind, server.url, submit)
        assert len(server.calls) == 2
        assert b"cookie" not in b"".join(server.calls).lower()
    with raw_server(redirect) as server:
        with pytest.raises(errors.RunComfyError):
            Caller(kind, server.url).submit()
        assert len(server.calls) == 1


@pytest.mark.parametrize("kind", OWN)
def test_a_long_header_and_a_packed_body_are_read(kind: str) -> None:
    packed = gzip.compress(b'{"request_id": "req-1", "status": "completed"}')
    head = f"X-Long: {'y' * 20_000}\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}"

    def answer(server: RawServer, connection: socket.socket, _: int) -> None:
        while server.read_call(connection):
            connection.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + packed)

    with raw_server(answer) as server:
        assert Caller(kind, server.url).on_job(ID, "status").state == "completed"
