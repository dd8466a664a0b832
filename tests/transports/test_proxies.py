"""Proxies of the environment: read once, in one way for calls and files, and reported if unusable."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from runcomfy import AsyncClient, Client, ConfigurationError, errors
from runcomfy.transports.proxies import Proxies
from support.callers import OWN, TOKEN, Caller
from support.certificates import self_signed
from support.raw_server import RawServer, json_answer, raw_server
from support.stalls import STALL, before_the_stall_ends

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


DIRECT = [
    ("*", "https://x.example"),
    ("x.example", "https://x.example"),
    ("x.example", "https://a.x.example"),
    (".x.example", "https://a.x.example"),
    ("*.x.example", "https://a.x.example"),
    ("X.Example", "https://x.example"),
    ("https://x.example", "https://x.example"),
    ("https://x.example/", "https://x.example"),
    ("https://x.example:443/a", "https://x.example"),
    ("x.example:443", "https://x.example"),
    ("x.example:8443", "https://x.example:8443"),
    ("a, x.example ,b", "https://x.example"),
    ("a x.example", "https://x.example"),
    ("10.0.0.0/8", "https://10.1.2.3"),
    ("10.1.2.3", "https://10.1.2.3:8443"),
    ("[fd07::1]", "https://[fd07::1]"),
    ("fd07::1", "https://[fd07::1]"),
    ("[fd07::1]:8443", "https://[fd07::1]:8443"),
    ("fd07::/64", "https://[fd07::5]"),
    ("[fd07::]/64", "https://[fd07::5]"),
    ("[::1", "https://127.0.0.1"),
    ("", "https://localhost"),
    ("", "http://x.example"),
]
PROXIED = [
    ("", "https://x.example"),
    ("y.example", "https://x.example"),
    ("x.example", "https://notx.example"),
    ("x.example:444", "https://x.example"),
    ("[::1]", "https://x.example"),
    ("fd07::/64", "https://x.example"),
    ("fd07::/64", "https://[fd08::5]"),
    ("fd07::/999,[::1,%%%,:::,10.0.0.0/99,.,:80,[]", "https://x.example"),
    ("*.", "https://x.example"),
]


@pytest.mark.parametrize(
    ("entries", "url", "direct"),
    [*((*one, True) for one in DIRECT), *((*one, False) for one in PROXIED)],
)
def test_no_proxy_is_read_in_all_its_forms(
    entries: str, url: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", entries)
    assert Proxies.of_environment().proxy_for(url) == (None if direct else PROXY)


@pytest.mark.parametrize("entry", ["[::1]", "fd07::/64", "::1", "[::1", "%%%", "*.*", "a:b:c"])
@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_no_entry_of_no_proxy_stops_a_run_or_a_save(
    kind: str, entry: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a proxy, and with one that is not to be used on this machine."""
    monkeypatch.setenv("NO_PROXY", entry)

    def answer(server: RawServer, connection: socket.socket, _: int) -> None:
        while server.read_call(connection):
            text = f'{{"request_id": "r1", "status": "completed", "output": "{server.url}/a.bin"}}'
            connection.sendall(json_answer(text))

    def blocking(client: Any) -> Any:
        return client.run("acme/cat", {}).save(tmp_path)

    async def awaited(client: Any) -> Any:
        return await (await client.run("acme/cat", {})).save(tmp_path)

    for proxy in ("", "http://127.0.0.1:9"):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with raw_server(answer) as server:
            caller = Caller(kind, server.url)
            assert len(caller.call(blocking if kind == "sync" else awaited)) == 1


UNUSABLE = [
    "http://",
    "http://proxy:99999",
    "ftp://proxy",
    "http://[::1",
    "http://pro xy",
    "://x",
    "http://proxy:0",
    "http:/proxy:3128",
    "http//proxy:3128",
    "http://999.1.1.1:80",
    "http://[v1.a]:3128",
    "http://xn--a:3128",
    f"http://{'a' * 64}:3128",
    "http://a..b:3128",
    "http://.:3128",
    "socks4://proxy:1080",
    "http://me:pass/word@proxy:3128",
]
USABLE = [
    "proxy",
    "proxy:3128/",
    "HTTP://Proxy.:3128/",
    "http://me:p%40ss@proxy:3128",
    "http://[fd07::1]:3128",
    "http://[fe80::1%eth0]:3128",
    "http://xn--bcher-kva.example:3128",
]


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("value", UNUSABLE)
def test_an_unusable_proxy_is_named_when_the_client_is_made(
    client: Any, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name.upper()):
        client(TOKEN)


@pytest.mark.parametrize("value", USABLE)
def test_a_usable_proxy_is_taken_in_many_spellings(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", value)
    proxy = Client(TOKEN)._settings.http_config.proxy
    assert proxy in (value, f"http://{value}")


def test_the_password_of_a_proxy_shows_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://me:s3cret@proxy")
    with pytest.raises(ConfigurationError) as caught:
        Client(TOKEN)
    assert "s3cret" not in str(caught.value)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:s3cret@proxy")
    client = Client(TOKEN)
    assert "s3cret" not in repr([client._settings.http_config, client._settings.downloads])


def test_http_proxy_alone_is_of_no_interest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "ftp://nonsense")
    assert Client(TOKEN)._settings.http_config.proxy is None


# Behind a proxy: what the service says after the submit, the deadline, and a close.


def tunnel_to(tls: ssl.SSLContext, answer: bytes) -> Any:
    """A proxy that is the service as well: it opens the tunnel, and answers what comes through it."""

    def serve(server: RawServer, connection: socket.socket, _: int) -> None:
        if not server.read_call(connection).startswith(b"CONNECT"):
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with tls.wrap_socket(connection, server_side=True) as inside:
            while server.read_call(inside):
                inside.sendall(answer)
                if not answer:
                    server.done.wait(STALL)

    return serve


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    certificate = self_signed(tmp_path, "service.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("kind", OWN)
def test_a_submit_goes_over_the_proxy(
    kind: str, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server(tunnel_to(tls, json_answer())) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert Caller(kind, "https://service.example").submit().request_id == "req-1"
        assert [call.split()[0] for call in proxy.calls] == [b"CONNECT", b"POST"]
        assert TOKEN.encode() not in proxy.calls[0]


@pytest.mark.parametrize("place", ["mailto:x", "http:login", "C:\\login", "http://xn--a/", "//["])
@pytest.mark.parametrize("kind", OWN)
def test_an_odd_redirect_of_a_submit_behind_a_proxy_is_unknown(
    kind: str, place: str, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = f"HTTP/1.1 303 Other\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()
    with raw_server(tunnel_to(tls, answer)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(errors.SubmissionUnknown):
            Caller(kind, "https://service.example").submit()
        assert proxy.submits() == 1


@pytest.mark.parametrize("kind", OWN)
def test_the_deadline_holds_behind_a_proxy(
    kind: str, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server(tunnel_to(tls, b"")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with before_the_stall_ends(), pytest.raises(errors.SubmissionUnknown):
            Caller(kind, "https://service.example").submit(timeout=0.5)


@pytest.mark.parametrize("kind", OWN)
def test_a_proxy_that_says_nothing_ends_at_the_deadline(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(server: RawServer, connection: socket.socket, _: int) -> None:
        server.done.wait(STALL)

    with raw_server(hang) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with before_the_stall_ends(), pytest.raises(errors.RequestError):
            Caller(kind, "https://service.example").submit(timeout=0.5)


def test_closing_ends_a_call_behind_a_proxy(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    with raw_server(tunnel_to(tls, b"")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = Client(TOKEN, base_url="https://service.example", read_timeout=1)
        timer = threading.Timer(0.3, client.close)
        timer.start()
        with before_the_stall_ends(), pytest.raises(errors.SubmissionUnknown):
            client.submit("acme/cat", {}, timeout=30)
        timer.join()
