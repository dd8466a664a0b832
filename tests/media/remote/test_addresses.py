"""Looking at remote files never reaches inside: addresses, names, ports, certificates."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from runcomfy.media.probe import MediaInfo
from runcomfy.media.remote import RemoteLimits, probe_urls
from runcomfy.media.remote.addresses import AddressPolicy, inside
from runcomfy.media.remote.range_client import target
from support.file_server import FileServer, ranged, redirect, serve
from support.lookers import LOOKERS, Look
from support.pictures import picture

#: An address that is public, and stands for the public internet in these tests: nothing is sent to it.
PUBLIC = "93.184.215.14"
CONTENT = picture(700, 500)

INSIDE = {
    "an unspecified": "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0",
    "a loopback": "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1 ::FFFF:7F00:1 64:ff9b::127.0.0.1",
    "a private": (
        "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 198.18.0.1 fc00::1 fdff::1 "
        "fd00:ec2::254 fd20:ce::254 fec0::1 ::ffff:10.0.0.1 64:ff9b::192.168.1.1"
    ),
    "a link-local": "169.254.169.254 169.254.0.1 fe80::1 fe80::1%eth0 ::1%1 ::ffff:169.254.169.254",
    "a carrier's private": "100.64.0.1 100.127.255.255 100.100.100.200 ::ffff:100.64.0.1",
    "a cloud's internal": "168.63.129.16",
    "a documentation": "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1",
    "a multicast": "224.0.0.1 239.255.255.255 ff02::1 ff0e::1",
    "a tunnel's": "2002:7f00:1::1 2002:808:808::1",
    "a tunnel's or reserved": "2001:0:7f00:1::1 2001:10::1",
    "a reserved": (
        "192.0.0.192 192.88.99.1 240.0.0.1 255.255.255.255 64:ff9b:1::1 ::ffff:0:127.0.0.1 "
        "::127.0.0.1 100::1 4000::1 5f00::1 8000::1"
    ),
    "an unreadable": "127.1 0x7f.0.0.1 localhost 1.2.3.4.5 [::1]",
}
OUTSIDE = (
    f"{PUBLIC} 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 "
    "128.0.0.1 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 "
    "223.255.255.255 2606:4700::1111 2a00:1450:4001::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8"
)


@pytest.mark.parametrize(
    ("address", "what"),
    [(address, what) for what, texts in INSIDE.items() for address in texts.split()],
)
def test_addresses_inside_are_known(address: str, what: str) -> None:
    assert inside(address) == what


@pytest.mark.parametrize("address", OUTSIDE.split())
def test_addresses_of_the_public_internet_are_known(address: str) -> None:
    assert inside(address) == ""


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_outside(address: Any) -> None:
    if not inside(str(address)):
        assert address.is_global
        assert not address.is_multicast


#: Ways to write an address inside, and the kind that it is.
DISGUISES = {
    "http://localhost/": "a loopback",
    "http://LOCALHOST:8080/": "a loopback",
    "http://127.0.0.1/": "a loopback",
    "http://127.1/": "a loopback",
    "http://2130706433/": "a loopback",
    "http://0x7f000001/": "a loopback",
    "http://0x7f.0.0.1/": "a loopback",
    "https://[::1]/": "a loopback",
    "https://[0:0:0:0:0:0:0:1]:8443/": "a loopback",
    "https://[::ffff:127.0.0.1]/": "a loopback",
    "https://[::ffff:7f00:1]/": "a loopback",
    "http://0/": "an unspecified",
    "http://0.0.0.0/": "an unspecified",
    "http://[::]/": "an unspecified",
    "http://169.254.169.254/latest/meta-data/": "a link-local",
    "http://2852039166/": "a link-local",
    "http://[fd00:ec2::254]/": "a private",
    "http://192.168.0.1/": "a private",
    "http://3232235521/": "a private",
}


@pytest.mark.parametrize("url", DISGUISES)
def test_an_address_inside_is_refused_however_it_is_written(url: str) -> None:
    info = probe_urls([url])[url]
    assert f"its host has {DISGUISES[url]} address" in info.reason
    assert "RemoteLimits(allow=['host:port'])" in info.reason


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.com/a.png", "neither http nor https"),
        ("file:///etc/passwd", "neither http nor https"),
        ("data:image/png;base64,aGk=", "neither http nor https"),
        ("unix:///var/run/x.sock", "neither http nor https"),
        ("cat.png", "neither http nor https"),
        ("", "neither http nor https"),
        ("//example.com/a.png", "neither http nor https"),
        ("http:///a.png", "neither http nor https"),
        ("http://me@example.com/", "a user name or password"),
        ("https://me:secret@127.0.0.1/", "a user name or password"),
        ("http://example.com:22/", "its port 22"),
        ("http://example.com:0/", "its port 0"),
        ("http://example.com:99999/", "its port 99999"),
        ("http://0177.0.0.1/", "not a web URL"),
        ("http://a b/", "not a plain name"),
        ("http://127.0.0.1\r\nX: y/", "not a web URL"),
        ("http://[fe80::1%25eth0]/", "not a plain name"),
        ("http://" + "a" * 300 + ".com/", "does not resolve"),
    ],
)
def test_urls_that_are_never_requested(
    url: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "port" in reason:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("it was resolved"))
    info = probe_urls([url])[url]
    assert reason in info.reason
    assert "secret" not in info.reason


class Internet:
    """Names as a test says, and one public address at which a local server answers."""

    def __init__(self, server: FileServer, patch: pytest.MonkeyPatch) -> None:
        self.server = server
        #: For each name, what each look-up gives; the last is repeated.
        self.names: dict[str, list[list[str]]] = {}
        self.looked_up: list[str] = []
        self.connected: list[str] = []
        self._resolve, self._connect = socket.getaddrinfo, anyio.connect_tcp
        patch.setattr(socket, "getaddrinfo", self.resolve)
        patch.setattr(anyio, "connect_tcp", self.connect)

    def resolve(self, host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if host not in self.names:
            options["flags"] = options.get("flags", 0) | socket.AI_NUMERICHOST  # no name leaves
            return self._resolve(host, port, *rest, **options)
        self.looked_up.append(host)
        answers = self.names[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    async def connect(self, host: str, _port: int, **options: Any) -> Any:
        self.connected.append(host)
        assert host == PUBLIC, f"{host} was connected to"
        address, _, local_port = self.server.place.partition(":")
        return await self._connect(address, int(local_port), **options)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serve() as server:
        yield server


@pytest.fixture
def internet(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> Internet:
    return Internet(server, monkeypatch)


@pytest.fixture(params=LOOKERS)
def looks(request: pytest.FixtureRequest) -> Look:
    return LOOKERS[request.param]


def test_a_public_name_is_reached_at_its_address(internet: Internet, looks: Look) -> None:
    internet.names["pictures.test"] = [[PUBLIC]]
    internet.server.routes["/a.png"] = ranged(CONTENT)
    url = "http://pictures.test/a.png"
    assert looks([url], RemoteLimits())[url].width == 700
    assert internet.server.asked[0].headers["host"] == "pictures.test"


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(
    internet: Internet, looks: Look
) -> None:
    """DNS rebinding: what was checked is what is connected to, again and again."""
    internet.names["rebind.test"] = [[PUBLIC], ["127.0.0.1"]]
    urls = [f"http://rebind.test/{number}" for number in range(5)]
    for number in range(5):
        internet.server.routes[f"/{number}"] = ranged(CONTENT)
    found = looks(urls, RemoteLimits(concurrency=3))
    assert [info.width for info in found.values()] == [700] * 5
    assert internet.looked_up == ["rebind.test"]
    assert set(internet.connected) == {PUBLIC}


@pytest.mark.parametrize("addresses", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1", PUBLIC]])
def test_a_name_with_an_address_inside_is_refused(
    internet: Internet, looks: Look, addresses: list[str]
) -> None:
    internet.names["mixed.test"] = [addresses]
    url = "http://mixed.test/a.png"
    assert (
        "only hosts on the public internet are inspected"
        in looks([url], RemoteLimits())[url].reason
    )
    assert not internet.connected


def test_a_redirect_to_a_name_inside_is_refused(internet: Internet, looks: Look) -> None:
    internet.names |= {"pictures.test": [[PUBLIC]], "metadata.test": [["169.254.169.254"]]}
    internet.server.routes["/a.png"] = redirect("http://metadata.test/latest/")
    url = "http://pictures.test/a.png"
    assert "a link-local address" in looks([url], RemoteLimits())[url].reason
    assert internet.connected == [PUBLIC]


def test_a_name_without_an_address_has_a_reason(internet: Internet, looks: Look) -> None:
    internet.names["gone.test"] = [[]]
    url = "http://gone.test/a.png"
    assert looks([url], RemoteLimits())[url].reason == "its host name does not resolve"


def test_a_name_server_that_does_not_answer_takes_no_more_than_the_time(
    internet: Internet, looks: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(20))
    url = "http://slow.test/a.png"
    try:
        found = looks([url], RemoteLimits(timeout=0.3))
        assert not answered.is_set()
    finally:
        answered.set()
    assert found == {url: MediaInfo(reason="the time limit for all files, 0.3 s, was reached")}


def test_connections_to_many_hosts_are_not_all_kept(internet: Internet, looks: Look) -> None:
    internet.server.routes["/a.png"] = ranged(CONTENT)
    urls = [f"http://host{number}.test/a.png" for number in range(40)]
    internet.names |= {f"host{number}.test": [[PUBLIC]] for number in range(40)}
    found = looks(urls, RemoteLimits(concurrency=3))
    assert {info.width for info in found.values()} == {700}
    assert internet.server.connections == 40
    # Three in use, three kept, and those that the server has not yet seen the end of.
    assert internet.server.most_open <= 12


def test_only_the_named_place_is_allowed(server: FileServer, looks: Look) -> None:
    url = server.url("/a.png", ranged(CONTENT))
    by_name = server.url("/a.png", host="localhost")
    with serve() as other:
        beside = other.url("/a.png", ranged(CONTENT))
        found = looks([url, by_name, beside], RemoteLimits(allow=[server.place]))
        assert not other.asked
    assert found[url].width == 700
    assert "a loopback address" in found[by_name].reason
    assert "a loopback address" in found[beside].reason
    named = RemoteLimits(allow=[server.place.replace("127.0.0.1", "LocalHost")])
    assert looks([by_name], named)[by_name].width == 700


@pytest.mark.parametrize(
    ("place", "url"),
    [
        ("BÜCHER.example:8000", "http://bücher.example:8000/a.png"),
        ("bücher.example:8000", "http://xn--bcher-kva.example:8000/a.png"),
        ("[::1]:8000", "http://[::1]:8000/a.png"),
    ],
)
def test_a_place_is_named_in_any_spelling_of_its_host(place: str, url: str) -> None:
    parsed = target(url)
    assert AddressPolicy([place]).allowed(parsed.raw_host.decode(), parsed.port or 0)


def test_where_nobody_listens_the_reason_says_so(looks: Look) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{held.getsockname()[1]}"
        url = f"http://{place}/a.png"
        info = looks([url], RemoteLimits(allow=[place]))[url]
    assert info.reason == "no connection to its host: Connection refused"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for ``pictures.test`` that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pictures.test")])
    start = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pictures.test")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture
def secure(authority: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Internet]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with serve(tls) as server:
        internet = Internet(server, monkeypatch)
        internet.names |= {"pictures.test": [[PUBLIC]], "other.test": [[PUBLIC]]}
        yield internet


def test_the_certificate_is_checked_against_the_name(secure: Internet, looks: Look) -> None:
    secure.server.routes["/a.png"] = ranged(CONTENT)
    good, bad = "https://pictures.test/a.png", "https://other.test/a.png"
    found = looks([good, bad], RemoteLimits())
    assert found[good].width == 700
    assert found[bad].reason.startswith("its host's certificate is not valid: Hostname mismatch")
    assert len(secure.server.asked) == 1


def test_a_certificate_of_nobody_known_is_refused(
    secure: Internet, looks: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    url = "https://pictures.test/a.png"
    assert "its host's certificate is not valid" in looks([url], RemoteLimits())[url].reason
    assert not secure.server.asked


def test_certificates_that_cannot_be_read_are_the_reason_with_their_place(
    secure: Internet, looks: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at/all.pem")
    url = "https://pictures.test/a.png"
    assert looks([url], RemoteLimits())[url].reason == (
        "the certificates to trust cannot be read from SSL_CERT_FILE='/nowhere/at/all.pem': "
        "No such file or directory"
    )


def test_https_is_never_left_for_http(secure: Internet, looks: Look) -> None:
    secure.server.routes["/a.png"] = redirect("http://pictures.test/b.png")
    url = "https://pictures.test/a.png"
    assert looks([url], RemoteLimits())[url].reason == "its server redirects from https to http"
    assert len(secure.server.asked) == 1


@given(
    st.text(max_size=40)
    | st.from_regex(r"https?://[^/]{0,30}(:\d{0,6})?(/.{0,10})?", fullmatch=True)
)
def test_no_text_of_a_url_raises(url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", _nowhere)
        info = probe_urls([url])[url]
    assert info.reason
    assert info.width is None


def _nowhere(*_: Any, **__: Any) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "no such name")
