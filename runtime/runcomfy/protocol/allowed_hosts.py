"""The hosts that files may be downloaded from, for every URL and every redirect.

An address is taken apart by rules of our own and put together again from the checked parts, so that
no library can read another host in it than the one that was checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from runcomfy.errors import ConfigurationError
from runcomfy.redaction import clean

from .urls import is_host_name, is_loopback

__all__ = ["AllowedHosts", "Refusal"]

_ALWAYS = ("*.runcomfy.net", "*.runcomfy.com")
_DEFAULT_PORTS = {"https": 443, "http": 80}
_LONGEST = 8_000

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL})*"
_HOST = rf"(?P<host>{_NAME}|\[[0-9a-f:.]+\])"
_AUTHORITY = re.compile(rf"{_HOST}\.?(?::(?P<port>[0-9]{{1,5}}))?")
_RULE = re.compile(rf"(?P<any>\*\.(?=[^:]*\.))?{_HOST}(?::(?P<port>[0-9]{{1,5}}))?")
_URL = re.compile(r"(?i:(?P<scheme>https?))://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?:#.*)?")


class Refusal(ValueError):
    """The reason why a URL is refused."""


@dataclass(frozen=True, slots=True)
class _HostPattern:
    """One allowed host, or all below it; without a port, the scheme's own port."""

    host: str
    below: bool = False
    port: int | None = None

    def matches(self, host: str, port: int, default: int) -> bool:
        same = host.endswith("." + self.host) if self.below else host == self.host
        return same and port == (default if self.port is None else self.port)

    def __str__(self) -> str:
        return ("*." if self.below else "") + self.host + (f":{self.port}" if self.port else "")


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """The hosts that files are fetched from: RunComfy's, the API's own origin, and those added.

    >>> AllowedHosts.of("http://127.0.0.1:8188", ["cdn.example.com"]).check("https://x.runcomfy.net/a.png#b")
    'https://x.runcomfy.net/a.png'
    """

    rules: tuple[_HostPattern, ...]

    @classmethod
    def of(cls, base_url: str | None = None, added: Iterable[str] = ()) -> AllowedHosts:
        """The allowed hosts; ``added`` are names, ``*.`` names, and either with a port."""
        if isinstance(added, str):
            raise ConfigurationError(f"download_hosts must be a list: download_hosts=[{added!r}]")
        rules = [_rule(text) for text in (*_ALWAYS, *added)]
        if base_url is not None:
            with suppress(Refusal):  # then it is an address that no file can have
                _, host, port, _ = _split(base_url)
                rules.append(_HostPattern(host, port=port))
        return cls(tuple(dict.fromkeys(rules)))

    def check(self, url: str) -> str:
        """The URL to fetch, rebuilt from its checked parts. Raises ``Refusal``."""
        scheme, host, port, rest = _split(url)
        default = _DEFAULT_PORTS[scheme]
        place = host if port == default else f"{host}:{port}"
        if not any(rule.matches(host, port, default) for rule in self.rules):
            allowed = ", ".join(map(str, self.rules))
            raise Refusal(
                f"files are not fetched from {place}; the allowed hosts are {allowed}. If you trust it: "
                f'Client(download_hosts=["{place}"])'
            )
        if scheme != "https" and not is_loopback(host.strip("[]")):
            raise Refusal(
                f"files are fetched from {place} over https:// only; http:// is allowed for localhost only"
            )
        return f"{scheme}://{place}{rest if rest.startswith('/') else '/' + rest}"


def _split(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port, and the rest without fragment. Raises ``Refusal`` for unusual URLs."""
    if len(url) > _LONGEST or not url.isprintable() or " " in url or "\\" in url:
        raise Refusal("it is not a plain URL")
    match = _URL.fullmatch(url)
    if match is None:
        raise Refusal("it is not a web URL; a web URL starts with https://")
    scheme, authority = match["scheme"].lower(), match["authority"]
    if "@" in authority:
        raise Refusal("it has a user name or password in it")
    place = _AUTHORITY.fullmatch(authority.lower())
    if place is None or not authority.isascii():
        raise Refusal(f"{clean(authority)} is not a plain host name")
    if not is_host_name(place["host"]):
        raise Refusal(f"{clean(authority)} is not a valid host name")
    port = int(place["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port < 65536:
        raise Refusal(f"{port} is not a port")
    return scheme, place["host"], port, match["rest"]


def _rule(text: str) -> _HostPattern:
    match = _RULE.fullmatch(text.lower().removesuffix(".")) if isinstance(text, str) else None
    if match is None:
        raise ConfigurationError(
            f"not a host to fetch files from: {clean(str(text))}; write it as 'cdn.example.com', "
            "'*.example.com' or '127.0.0.1:8188'"
        )
    port = match["port"]
    return _HostPattern(match["host"], match["any"] is not None, int(port) if port else None)
