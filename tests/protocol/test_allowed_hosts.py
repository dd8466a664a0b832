"""Which addresses files are fetched from."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runcomfy.errors import ConfigurationError
from runcomfy.protocol.allowed_hosts import AllowedHosts, Refusal

HOSTS = AllowedHosts.of(
    "http://127.0.0.1:8188",
    ["cdn.example.com", "*.example.org", "localhost:8123", "[::1]:8124", "files.example.net:8443"],
)

#: An address, and the one that is fetched from.
ALLOWED = {
    "https://x.runcomfy.net/a.png": "https://x.runcomfy.net/a.png",
    "https://a.b.runcomfy.com/a.png?x=1&y=2": "https://a.b.runcomfy.com/a.png?x=1&y=2",
    "HTTPS://X.RunComfy.NET/A.png": "https://x.runcomfy.net/A.png",
    "https://x.runcomfy.net./a.png": "https://x.runcomfy.net/a.png",
    "https://x.runcomfy.net:443/a.png": "https://x.runcomfy.net/a.png",
    "https://x.runcomfy.net:00443/a.png": "https://x.runcomfy.net/a.png",
    "https://x.runcomfy.net": "https://x.runcomfy.net/",
    "https://x.runcomfy.net?a=1": "https://x.runcomfy.net/?a=1",
    "https://x.runcomfy.net/a.png#b": "https://x.runcomfy.net/a.png",
    "https://x.runcomfy.net/@evil.com/a.png": "https://x.runcomfy.net/@evil.com/a.png",
    "https://x.runcomfy.net/猫.png": "https://x.runcomfy.net/猫.png",
    "https://cdn.example.com/a": "https://cdn.example.com/a",
    "https://a.example.org/a": "https://a.example.org/a",
    "https://files.example.net:8443/a": "https://files.example.net:8443/a",
    "http://127.0.0.1:8188/files/a.png": "http://127.0.0.1:8188/files/a.png",
    "http://localhost:8123/a": "http://localhost:8123/a",
    "http://[::1]:8124/a": "http://[::1]:8124/a",
}

REFUSED = [
    "https://runcomfy.net.evil.com/a.png",
    "https://evilruncomfy.net/a.png",
    "https://runcomfy.net/a.png",
    "https://evil.com#.runcomfy.net",
    "https://evil.com?.runcomfy.net",
    "https://evil.com/.runcomfy.net",
    "https://evil.com\\.runcomfy.net/",
    "https://evil.com\\@x.runcomfy.net/",
    "https:\\\\x.runcomfy.net/",
    "https:/x.runcomfy.net/",
    "https:x.runcomfy.net/",
    "https:///x.runcomfy.net/",
    "https://x.runcomfy.net@evil.com/",
    "https://evil.com@x.runcomfy.net/",
    "https://user:password@x.runcomfy.net/",
    "https://@x.runcomfy.net/",
    "https://evil.com%2f.runcomfy.net/",
    "https://evil.com%00.runcomfy.net/",
    "https://evil.com;.runcomfy.net/",
    "https://evil.com,x.runcomfy.net/",
    "https://evil.com\t.runcomfy.net/",
    "https://evil.com\n.runcomfy.net/",
    "https://evil.com .runcomfy.net/",
    " https://x.runcomfy.net/",
    "https://x.runcomfy.net/\r\nHost: evil.com",
    "https://x.runcomfy.net/\u202egnp",
    "https://x..runcomfy.net/",
    "https://.runcomfy.net/",
    "https://x.runcomfy.net../",
    "https://x.runcomfy.net:/",
    "https://x.runcomfy.net:80/",
    "https://x.runcomfy.net:8443/",
    "https://x.runcomfy.net:99999/",
    "https://x.runcomfy.net:0/",
    "https://x.runcomfy.net:443:80/",
    "https://x.runcomfy.net:４４３/",
    "https://x.runcomfy。net/",
    "https://x.runcomfy．net/",
    "https://ｘ.runcomfy.net/",
    "https://x.runcomfy.nеt/",  # a Cyrillic letter
    "https://x.runcomfy.net\u00ad/",
    "https://xn--x-runcomfy-1a3d.net/",
    "http://x.runcomfy.net/a.png",
    "http://cdn.example.com/",
    "ftp://x.runcomfy.net/",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)//x.runcomfy.net/",
    "//x.runcomfy.net/",
    "/a.png",
    "",
    "https://example.org/",
    "https://cdn.example.com.evil.com/",
    "http://127.0.0.1/",
    "http://127.0.0.1:8189/",
    "http://127.0.0.2:8188/",
    "http://2130706433:8188/",
    "http://0x7f.1:8188/",
    "http://127.1:8188/",
    "http://[::ffff:127.0.0.1]:8188/",
    "http://[::1]/",
    "http://localhost:8188/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fe80::1%25eth0]/",
    "https://x.runcomfy.net/" + "a" * 9000,
]


@pytest.mark.parametrize(("url", "fetched"), ALLOWED.items(), ids=list(ALLOWED))
def test_an_allowed_address_is_put_together_again(url: str, fetched: str) -> None:
    assert HOSTS.check(url) == fetched


@pytest.mark.parametrize("url", REFUSED, ids=lambda url: ascii(url)[:60])
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(Refusal):
        HOSTS.check(url)


def test_only_what_was_added_is_allowed_beyond_our_own() -> None:
    for url in ALLOWED:
        if "runcomfy" not in url.lower():
            with pytest.raises(Refusal):
                AllowedHosts.of("https://model-api.runcomfy.net").check(url)


def test_the_origin_of_the_api_is_allowed() -> None:
    hosts = AllowedHosts.of("https://api.example.com:8443/base")
    assert hosts.check("https://api.example.com:8443/files/a.png")
    for url in ("https://api.example.com/a.png", "http://api.example.com:8443/a.png"):
        with pytest.raises(Refusal):
            hosts.check(url)


pieces = st.sampled_from(
    "https:// http:// x.runcomfy.net evil.com @ : / \\ # ? . %2e [ ] 443 。 \t  127.0.0.1:8188 a".split(
        " "
    )
)


@given(st.lists(pieces, max_size=8).map("".join))
@example("https://evil.com\\@x.runcomfy.net/")
def test_httpx_sees_the_host_that_was_checked(url: str) -> None:
    try:
        fetched = HOSTS.check(url)
    except Refusal:
        return
    parsed = httpx.URL(fetched)
    assert parsed.host.endswith(".runcomfy.net") or (parsed.host, parsed.port) == (
        "127.0.0.1",
        8188,
    )
    assert not parsed.userinfo


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "*.com",
        "*.",
        "https://a.b",
        "a.b/c",
        "a@b",
        "a b",
        "*.*.a.b",
        "a.*.b",
        "x.*",
        "a:x",
        "猫.jp",
    ],
)
def test_a_host_that_cannot_be_meant_is_a_mistake(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"write it as 'cdn\.example\.com'"):
        AllowedHosts.of(None, [text])


def test_a_text_in_the_place_of_a_list_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match=r"download_hosts=\['a\.b'\]"):
        AllowedHosts.of(None, "a.b")


def test_a_refusal_says_what_is_allowed_and_what_to_write() -> None:
    with pytest.raises(Refusal) as caught:
        HOSTS.check("https://cdn.example.net:8443/a.png?sig=s3cret")
    assert 'Client(download_hosts=["cdn.example.net:8443"])' in str(caught.value)
    assert "*.runcomfy.net" in str(caught.value)
    assert "s3cret" not in str(caught.value)
