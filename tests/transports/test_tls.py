"""Certificates, TLS contexts and proxies of clients of our own, and of those that callers give."""

from __future__ import annotations

import importlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from runcomfy import AsyncClient, Client, errors
from support.callers import FAST, OWN, TOKEN, Caller, a_request, without_aiohttp
from support.certificates import self_signed
from support.raw_server import RawServer, answer_all, raw_server

ID = "req-1"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture
def server(certificate: Path) -> Iterator[RawServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with raw_server(answer_all, context) as running:
        yield running


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("kind", OWN)
def test_certificates_named_by_the_environment_are_trusted(kind: str, server: RawServer) -> None:
    caller = Caller(kind, server.url)
    assert caller.submit().request_id == ID
    assert caller.on_job(ID, "status").state == "completed"
    assert server.submits() == 1


@pytest.mark.parametrize("kind", OWN)
def test_a_certificate_that_is_not_trusted_is_no_connection(kind: str, server: RawServer) -> None:
    with pytest.raises(errors.ConnectionFailed, match=r"CERTIFICATE_VERIFY_FAILED") as caught:
        Caller(kind, server.url).submit()
    assert "nothing was submitted" in str(caught.value)
    assert not server.calls


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> list[ssl.SSLContext]:
    """The TLS contexts that are made."""
    made: list[ssl.SSLContext] = []
    create = ssl.SSLContext.__new__

    def count(cls: type[ssl.SSLContext], *arguments: Any, **options: Any) -> ssl.SSLContext:
        made.append(create(cls, *arguments, **options))
        return made[-1]

    monkeypatch.setattr(ssl.SSLContext, "__new__", count)
    return made


@pytest.mark.usefixtures("trusted")
def test_a_blocking_client_makes_one_tls_context_for_all_calls(
    server: RawServer, contexts: list[ssl.SSLContext]
) -> None:
    with Client(TOKEN, base_url=server.url) as client:
        for _ in range(5):
            client.job(ID).status()
    assert len(contexts) == 1
    assert server.connections == 1


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("kind", [kind for kind in OWN if kind != "sync"])
def test_an_async_client_makes_one_tls_context_for_all_event_loops(
    kind: str, server: RawServer, contexts: list[ssl.SSLContext]
) -> None:
    client = AsyncClient(TOKEN, base_url=server.url)

    async def main() -> None:
        for _ in range(3):
            await client.job(ID).status()

    backend, _, without = kind.partition(" ")
    with without_aiohttp() if without else nullcontext():
        anyio.run(main, backend=backend)
        anyio.run(main, backend=backend)
    assert len(contexts) == 1
    assert server.connections == 2


@pytest.mark.parametrize("kind", ["sync", "trio", "asyncio spread"])
def test_for_a_service_on_this_machine_no_tls_context_is_made(
    kind: str, contexts: list[ssl.SSLContext]
) -> None:
    with raw_server(answer_all) as plain:
        Caller(kind, plain.url).on_job(ID, "status")
    assert contexts == []


@pytest.mark.parametrize("kind", OWN)
def test_a_proxy_from_the_environment_is_used_and_does_not_get_the_token(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(proxy: RawServer, connection: socket.socket, _: int) -> None:
        proxy.read_call(connection)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with raw_server(refuse) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        caller = Caller(kind, "https://runcomfy.invalid", **FAST)
        with pytest.raises(errors.ConnectionFailed, match="nothing was submitted"):
            caller.submit()
        assert proxy.calls
        for call in proxy.calls:
            assert call.startswith(b"CONNECT runcomfy.invalid:443 ")
            assert TOKEN.encode() not in call


#: Clients that a caller gives: the way to call, and the library.
GIVEN = ["sync httpx", "asyncio httpx", "trio httpx", "sync httpx2", "asyncio httpx2"]


def run_over(kind: str, url: str, **settings: Any) -> str:
    """Submit, ask and fetch over a client of the caller's with these settings: the id in the result."""
    backend, _, name = kind.partition(" ")
    library: Any = importlib.import_module(name)
    ours: dict[str, Any] = {"token": TOKEN, "base_url": url, **FAST}

    async def main() -> str:
        async with (
            library.AsyncClient(trust_env=False, **settings) as http,
            AsyncClient(http=http, **ours) as client,
        ):
            return (await client.run(a_request(), timeout=20)).request_id

    if backend != "sync":
        return anyio.run(main, backend=backend)
    with (
        library.Client(trust_env=False, **settings) as http,
        Client(http=http, **ours) as client,
    ):
        return client.run(a_request(), timeout=20).request_id


def asked(server: RawServer) -> list[bytes]:
    """What each call asked for, in order; all of them had the token."""
    assert all(f"Bearer {TOKEN}".encode() in call for call in server.calls)
    return [call.split(b" HTTP/")[0] for call in server.calls]


CYCLE = [
    b"POST /v1/models/openai/gpt-image-2/edit",
    b"GET /v1/requests/req-1/status",
    b"GET /v1/requests/req-1/result?include_cost=true",
]


@pytest.mark.parametrize("kind", GIVEN)
def test_a_client_of_the_callers_brings_its_certificates(
    kind: str, server: RawServer, certificate: Path
) -> None:
    with pytest.raises(errors.ConnectionFailed, match=r"CERTIFICATE_VERIFY_FAILED") as caught:
        run_over(kind, server.url)
    assert "nothing was submitted" in str(caught.value)
    assert not server.calls
    context = ssl.create_default_context(cafile=certificate)
    assert run_over(kind, server.url, verify=context) == ID
    assert asked(server) == CYCLE


def forward(proxy: RawServer, connection: socket.socket, _: int) -> None:
    """Open the tunnel that is asked for, and hand on what comes from either side."""
    place = proxy.read_call(connection).split()[1].decode()
    host, port = place.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as target:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=hand_on, args=(target, connection))
        back.start()
        hand_on(connection, target)
        back.join()


def hand_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("kind", GIVEN)
def test_a_client_of_the_callers_brings_its_proxy_which_does_not_get_the_token(
    kind: str, server: RawServer, certificate: Path
) -> None:
    context = ssl.create_default_context(cafile=certificate)
    with raw_server(forward) as proxy:
        assert run_over(kind, server.url, proxy=proxy.url, verify=context) == ID
        assert proxy.calls
        for call in proxy.calls:
            assert call.startswith(f"CONNECT {server.url.removeprefix('https://')} ".encode())
            assert TOKEN.encode() not in call
        assert server.connections == proxy.connections
    assert asked(server) == CYCLE
