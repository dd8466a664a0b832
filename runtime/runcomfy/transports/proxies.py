"""``Proxies``: the proxy settings of the environment, read once for API calls and files."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from runcomfy.errors import ConfigurationError
from runcomfy.protocol.urls import is_host_name, is_loopback

__all__ = ["Proxies"]

_SCHEMES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxy for https, and the hosts reached directly. A service on localhost is always reached directly.

    >>> Proxies("http://proxy:3128", ("internal.example", "10.0.0.0/8")).proxy_for("https://10.1.2.3/")
    """

    proxy: str | None = None
    direct: tuple[str, ...] = ()

    @classmethod
    def of_environment(cls) -> Proxies:
        """Read ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``, in upper or lower case, or the system's settings.

        Raises ``ConfigurationError`` for a proxy that cannot be used, and names the variable. An entry of
        ``NO_PROXY`` that cannot be read is skipped.
        """
        from urllib.request import getproxies

        found = getproxies()
        name = next((name for name in ("https", "all") if found.get(name)), None)
        if name is None:
            return cls()
        proxy = _checked(found[name], f"{name.upper()}_PROXY")
        direct = found.get("no", "").replace(",", " ").split()
        return cls(proxy, tuple(direct))

    def proxy_for(self, url: str) -> str | None:
        """The proxy for a URL, or ``None`` for a direct connection."""
        if self.proxy is None:
            return None
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            return self.proxy
        if parts.scheme != "https" or is_loopback(host):
            return None
        port = port or 443
        return None if any(_matches(entry, host, port) for entry in self.direct) else self.proxy


def _checked(proxy: str, variable: str) -> str:
    """The proxy's URL. Without a scheme, http is assumed."""
    url = proxy if "://" in proxy else f"http://{proxy}"
    # The value is not shown: it may hold a password.
    if not _is_usable(url) or ("://" not in proxy and "/" in proxy.rstrip("/")):  # "http:/proxy"
        raise ConfigurationError(
            f"the proxy in the variable {variable} cannot be used; write it as http://HOST:PORT "
            f"({', '.join(_SCHEMES)}), or remove the variable"
        )
    if url.lower().startswith("socks") and find_spec("socksio") is None:
        raise ConfigurationError(
            f"the variable {variable} names a SOCKS proxy, which needs another library: "
            "pip install 'httpx[socks]'"
        )
    return url


def _is_usable(url: str) -> bool:
    """Whether the proxy can be connected to. httpx, which does that, must be able to read it."""
    import httpx

    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        usable = parts.port != 0 and url.isprintable() and " " not in url
        httpx.Proxy(url)
    except (ValueError, httpx.InvalidURL):
        return False
    # A name that cannot be looked up would fail as late as the submit, and as if it may have been sent.
    return usable and parts.scheme in _SCHEMES and (":" in host or is_host_name(host))


def _matches(entry: str, host: str, port: int) -> bool:
    """Whether an entry of ``NO_PROXY`` matches the host and port. An invalid entry matches nothing."""
    if entry == "*":
        return True
    _, scheme, entry = entry.lower().rpartition("://")
    if scheme:
        entry = entry.partition("/")[0]
    name, wanted = _split(entry)
    if wanted not in ("", str(port)):
        return False
    try:
        if "/" in name:
            return ip_address(host) in ip_network(name, strict=False)
        return ip_address(host) == ip_address(name)
    except ValueError:
        pass
    name = name.removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith("." + name))


def _split(entry: str) -> tuple[str, str]:
    """Host and port. IPv6 addresses may be in brackets or bare."""
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name + (rest if rest.startswith("/") else ""), rest.removeprefix(
            ":"
        ) * rest.startswith(":")
    if entry.count(":") == 1:
        name, _, port = entry.partition(":")
        return name, port
    return entry, ""
