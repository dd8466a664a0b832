"""Certificates, TLS contexts and proxies of clients of our own."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from client_callers import FAST, OWN, TOKEN, Caller, without_aiohttp
from raw_server import RawServer, json_answer, raw_server
from runcomfy import AsyncClient, Client, errors

ID = "req-1"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that vouches for itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def answer_all(server: RawServer, connection: socket.socket, _: int) -> None:
    while server.read_call(connection):
        connection.sendall(json_answer())


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


def test_for_a_service_on_this_machine_no_certificates_are_loaded(
    contexts: list[ssl.SSLContext],
) -> None:
    with raw_server(answer_all) as plain, Client(TOKEN, base_url=plain.url) as client:
        client.job(ID).status()
    assert [context.get_ca_certs() for context in contexts] == [[]]


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
