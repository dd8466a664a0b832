"""Tests that patch httpx also stop the client: their patches are honoured, so that no test buys images."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from unittest import mock

import httpx
import pytest
import respx

from runcomfy import errors
from runcomfy.transports.patched_httpx import is_patched
from support.callers import OWN, Caller

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
    ],
)
def test_patches_of_many_kinds_are_seen(patch: Callable[[], Any]) -> None:
    with patch():
        assert is_patched()
    assert not is_patched()
