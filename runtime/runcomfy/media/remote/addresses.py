"""``AddressPolicy``: which addresses may be contacted for untrusted URLs.

A URL in a payload may lead to this machine, to its network, or to the metadata service of its cloud. The check is
made on the address that is actually connected to, never on the text of the URL, so names, decimal and octal
spellings, and changing DNS responses make no difference. An address is allowed if it belongs to the public internet
by IANA's registries, copied here as tables so that the verdict is the same on every Python version.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import httpx

from runcomfy.errors import ConfigurationError
from runcomfy.redaction import clean

__all__ = ["HOW_TO_ALLOW", "AddressPolicy", "inside"]

#: How a program names exceptions.
HOW_TO_ALLOW = "RemoteLimits(allow=['host:port'])"

#: Networks that are not the public internet, and what they are. RFC 6890 and its registry.
_INSIDE: dict[IPv4Network | IPv6Network, str] = {
    ip_network(network): what
    for network, what in {
        "0.0.0.0/8": "an unspecified",
        "10.0.0.0/8": "a private",
        "100.64.0.0/10": "a carrier's private",
        "127.0.0.0/8": "a loopback",
        "168.63.129.16/32": "a cloud's internal",  # public by its number, Azure's hosts respond to it
        "169.254.0.0/16": "a link-local",  # the metadata services of most clouds among them
        "172.16.0.0/12": "a private",
        "192.0.0.0/24": "a reserved",
        "192.0.2.0/24": "a documentation",
        "192.88.99.0/24": "a reserved",
        "192.168.0.0/16": "a private",
        "198.18.0.0/15": "a private",
        "198.51.100.0/24": "a documentation",
        "203.0.113.0/24": "a documentation",
        "224.0.0.0/4": "a multicast",
        "240.0.0.0/4": "a reserved",
        "::/128": "an unspecified",
        "::1/128": "a loopback",
        "2001::/23": "a tunnel's or reserved",  # Teredo among them, which embeds an IPv4 address
        "2001:db8::/32": "a documentation",
        "2002::/16": "a tunnel's",  # 6to4, which embeds one too
        "3fff::/20": "a documentation",
        "fc00::/7": "a private",  # fd00:ec2::254 and fd20:ce::254 are metadata services
        "fe80::/10": "a link-local",
        "fec0::/10": "a private",
        "ff00::/8": "a multicast",
    }.items()
}
#: All the IPv6 addresses that are handed out for the public internet.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
#: Networks whose last 32 bits are the IPv4 address of the destination: mapped, and NAT64 (RFC 6052).
_EMBEDDING = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))

#: Below this, ports belong to services that are no web servers, but for two.
_FIRST_FREE_PORT = 1024
_WEB_PORTS = frozenset({80, 443})


def inside(address: str) -> str:
    """The kind of an address outside the public internet; ``""`` for a public one.

    >>> inside("10.1.2.3")
    'a private'
    >>> inside("::ffff:127.0.0.1")
    'a loopback'
    >>> inside("8.8.8.8")
    ''
    """
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return "an unreadable"
    if isinstance(parsed, IPv6Address):
        if parsed.scope_id is not None:
            return "a link-local"
        if any(parsed in network for network in _EMBEDDING):
            parsed = IPv4Address(parsed.packed[-4:])
    for network, what in _INSIDE.items():
        if parsed.version == network.version and parsed in network:
            return what
    return "a reserved" if parsed.version == 6 and parsed not in _PUBLIC_IPV6 else ""


class AddressPolicy:
    """The hosts and ports that may be contacted: public ones, and those in ``allow``.

    ``allow`` holds texts such as ``"media.intranet:443"`` or ``"[::1]:8000"``, the host as it stands
    in URLs. ``how`` says how to name them. Raises ``ConfigurationError`` for one of another form.
    """

    def __init__(self, allow: Iterable[str] = (), how: str = HOW_TO_ALLOW) -> None:
        if isinstance(allow, str):
            raise ConfigurationError(f"allow must be a list of hosts: allow=[{clean(allow)!r}]")
        self._how = how
        self._allowed = frozenset(_host_and_port(place) for place in allow)

    def allowed(self, host: str, port: int) -> bool:
        """Whether the host and port are in ``allow``, so that the address does not matter."""
        return (host, port) in self._allowed

    def refuse_name(self, host: str, port: int) -> str:
        """The reason to refuse a host and port regardless of its address; ``""`` if there is none."""
        if self.allowed(host, port):
            return ""
        if "%" in host:
            return "its host is not a plain name or address"
        if port < _FIRST_FREE_PORT and port not in _WEB_PORTS:
            return f"its port {port} is not allowed: use 80, 443, or 1024 and above"
        return ""

    def refuse_addresses(self, host: str, port: int, addresses: Iterable[str]) -> str:
        """The reason to refuse a host and port with these addresses; ``""`` if it is allowed."""
        if self.allowed(host, port):
            return ""
        for address in addresses:
            what = inside(address)
            if what:
                return (
                    f"its host has {what} address, but only hosts on the public internet are inspected; "
                    f"{self._how} adds exceptions"
                )
        return ""


def _host_and_port(place: str) -> tuple[str, int]:
    """The host in normalised form (lower case, IDNA) and the port."""
    try:
        url = httpx.URL(f"place://{place}")
    except httpx.InvalidURL:
        url = httpx.URL()
    beside = url.userinfo or url.raw_path.strip(b"/") or url.fragment
    if not url.raw_host or beside or url.port is None or not 0 < url.port < 65536:
        raise ConfigurationError(
            f"allow contains {clean(str(place))!r}, which is not of the form 'host:port', "
            "such as 'media.intranet:443' or '[::1]:8000'"
        )
    return url.raw_host.decode("ascii").lower(), url.port
