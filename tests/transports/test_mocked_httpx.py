"""Tests that patch httpx also stop the client: their patches are honoured, so that no test buys images."""

from __future__ import annotations

import functools
import json
import socket
from collections.abc import Callable
from typing import Any
from unittest import mock

import httpx
import pytest
import respx

from runcomfy import errors
from runcomfy.transports.patched_httpx import is_patched
from support.callers import OWN, Caller
from support.scripted_server import json_reply, serve

ID = "req-1"
#: Nothing answers there; what is not mocked fails.
URL = "http://127.0.0.1:9"
FILE = "https://x.runcomfy.net/hat.png"
CONTENT = b"\x89PNG\r\n\x1a\n" + bytes(100)


def play(request: httpx.Request) -> httpx.Response:
    """The service and its file host."""
    if request.url.host == "x.runcomfy.net":
        assert "authorization" not in request.headers
        return httpx.Response(200, content=CONTENT)
    if request.method == "POST":
        return httpx.Response(200, json={"request_id": ID})
    return httpx.Response(200, json={"status": "completed", "output": {"image": FILE}})


def run_and_read(kind: str) -> bytes:
    caller = Caller(kind, URL)

    def blocking(client: Any) -> Any:
        return client.run("acme/cat", {}, timeout=5).files[0].read(timeout=5)

    async def awaited(client: Any) -> Any:
        return await (await client.run("acme/cat", {}, timeout=5)).files[0].read(timeout=5)

    content: bytes = caller.call(blocking if caller.kind == "sync" else awaited)
    return content


@pytest.mark.parametrize("kind", OWN)
def test_pytest_httpx_is_honoured(kind: str, httpx_mock: Any) -> None:
    httpx_mock.add_callback(play, is_reusable=True)
    assert run_and_read(kind) == CONTENT
    assert [request.method for request in httpx_mock.get_requests()] == [
        "POST",
        "GET",
        "GET",
        "GET",
    ]


@pytest.mark.parametrize("using", ["httpcore", "httpx"])
@pytest.mark.parametrize("kind", OWN)
def test_respx_is_honoured(kind: str, using: str) -> None:
    with respx.mock(using=using) as router:
        router.route().mock(side_effect=play)
        assert run_and_read(kind) == CONTENT
        assert router.calls.call_count == 4


@pytest.mark.parametrize("kind", OWN)
def test_a_route_that_respx_does_not_know_fails_the_test(kind: str) -> None:
    with respx.mock, pytest.raises(AssertionError):
        Caller(kind, URL).on_job(ID, "status")


@pytest.mark.parametrize("kind", OWN)
def test_a_patched_send_is_honoured(kind: str) -> None:
    name = "Client" if kind == "sync" else "AsyncClient"
    sent: list[httpx.Request] = []

    def send(_: object, request: httpx.Request, **__: Any) -> httpx.Response:
        sent.append(request)
        answer = play(request)
        answer.request = request
        return answer

    async def send_async(client: object, request: httpx.Request, **options: Any) -> httpx.Response:
        return send(client, request, **options)

    with mock.patch.object(getattr(httpx, name), "send", send if kind == "sync" else send_async):
        assert run_and_read(kind) == CONTENT
    assert len(sent) == 4


@pytest.mark.parametrize("kind", OWN)
def test_what_is_patched_later_is_honoured_by_a_client_that_exists(kind: str) -> None:
    def blocking(client: Any) -> Any:
        with pytest.raises(errors.ConnectionFailed):
            client.submit("acme/cat", {}, timeout=0.2)
        with respx.mock as router:
            router.route().mock(side_effect=play)
            return client.submit("acme/cat", {}).request_id

    async def awaited(client: Any) -> Any:
        with pytest.raises(errors.ConnectionFailed):
            await client.submit("acme/cat", {}, timeout=0.2)
        with respx.mock as router:
            router.route().mock(side_effect=play)
            return (await client.submit("acme/cat", {})).request_id

    caller = Caller(kind, URL)
    assert caller.call(blocking if caller.kind == "sync" else awaited) == ID


def test_nothing_is_patched_by_itself() -> None:
    assert not is_patched()


@pytest.mark.parametrize(
    "patch",
    [
        lambda: mock.patch.object(httpx.Client, "send"),
        lambda: mock.patch.object(httpx.AsyncClient, "request"),
        lambda: mock.patch.object(httpx.Client, "_send_single_request"),
        lambda: mock.patch.object(httpx.Client, "_send_handling_auth"),
        lambda: mock.patch.object(httpx.AsyncClient, "_send_handling_redirects"),
        lambda: mock.patch("httpcore.HTTP11Connection.handle_request"),
        lambda: mock.patch.object(httpx, "Client"),
        lambda: mock.patch.object(httpx, "AsyncClient", type("Fake", (httpx.AsyncClient,), {})),
        lambda: mock.patch("httpx.HTTPTransport.handle_request", json.loads),
        lambda: mock.patch("httpx._transports.default.AsyncHTTPTransport.handle_async_request"),
        lambda: mock.patch("httpcore.AsyncConnectionPool.handle_async_request", json.dumps),
        lambda: mock.patch("httpx.HTTPTransport"),
        lambda: mock.patch("httpx.AsyncHTTPTransport", httpx.MockTransport),
        lambda: mock.patch("httpx.Client.__init__"),
        lambda: mock.patch("httpx.AsyncHTTPTransport.__init__"),
        lambda: mock.patch("httpx.AsyncClient.build_request"),
        lambda: mock.patch("httpcore.ConnectionPool"),
        lambda: mock.patch("httpcore.AnyIOBackend.connect_tcp"),
    ],
)
def test_patches_of_many_kinds_are_seen(patch: Callable[[], Any]) -> None:
    with patch():
        assert is_patched()
    assert not is_patched()


@pytest.mark.parametrize("kind", OWN)
def test_a_transport_class_that_was_replaced_gets_the_calls(kind: str) -> None:
    class Fake(httpx.MockTransport):
        def __init__(self, **_: Any) -> None:
            super().__init__(play)

    name = "HTTPTransport" if kind == "sync" else "AsyncHTTPTransport"
    with mock.patch.object(httpx, name, Fake):
        assert run_and_read(kind) == CONTENT


class NoSockets(socket.socket):
    """As pytest-socket and others replace ``socket.socket``; the pair of an event loop is left alone."""

    def __init__(self, family: int = -1, *rest: Any, **named: Any) -> None:
        if family in (socket.AF_INET, socket.AF_INET6):
            raise RuntimeError("a test tried to use a socket")
        super().__init__(family, *rest, **named)


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"  # the standard library leaves the socket open
)
@pytest.mark.parametrize("guard", ["socket", "socket.connect"])
@pytest.mark.parametrize("kind", OWN)
def test_a_guard_of_sockets_stops_a_submit(kind: str, guard: str) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("a test tried to use a socket")

    with serve() as server:
        server.script(submit=[json_reply(request_id=ID, accepts=True)])
        caller = Caller(kind, server.url)
        with (
            mock.patch(f"socket.{guard}", NoSockets if guard == "socket" else refuse),
            pytest.raises(errors.ConnectionFailed, match="nothing was submitted"),
        ):
            caller.submit("acme/cat", {}, timeout=2)
        assert server.accepted == 0


@pytest.mark.parametrize(
    "place",
    [
        "httpx.post",
        "httpx.request",
        "httpx.Client.post",
        "httpx.AsyncClient.post",
        "httpx._client.HTTPTransport",
        "httpcore.AsyncHTTPConnection",
        "aiohttp.ClientSession.post",
    ],
)
@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_a_patch_that_no_call_uses_refuses_the_submit(kind: str, place: str) -> None:
    caller = Caller(kind, "https://service.invalid")
    with mock.patch(place), pytest.raises(errors.ConfigurationError, match="nothing was sent"):
        caller.submit("acme/cat", {})


def test_a_wrapper_that_only_measures_stops_no_submit() -> None:
    @functools.wraps(httpx.post)
    def measured(*given: Any, **named: Any) -> httpx.Response:
        return original(*given, **named)

    original = httpx.post
    with mock.patch("httpx.post", measured), pytest.raises(errors.ConnectionFailed):
        Caller("sync", "https://service.invalid").submit("acme/cat", {}, timeout=0.2)
