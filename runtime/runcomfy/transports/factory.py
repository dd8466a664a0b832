"""The default connections for calls, and the httpx clients that the library creates.

Calls use our own pool, because httpx's pool examines every connection for every call, which dominates the time of
hundreds of concurrent calls. With ``runcomfy[fast]``, calls on asyncio go over aiohttp. httpx clients are used behind a
proxy, and while a test or a tool has patched httpx.
"""

from __future__ import annotations

import ssl
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .calls import AsyncCalls, Calls
from .config import USER_AGENT, HttpConfig
from .proxies import Proxies

if TYPE_CHECKING:
    import httpx

__all__ = ["async_httpx_client", "httpx_client", "make_async_calls", "make_calls", "tls_context"]


def tls_context(config: HttpConfig) -> ssl.SSLContext | None:
    """The TLS context, created once per client: the certificates that httpx trusts, ``SSL_CERT_FILE`` included.

    ``None`` if the service is reached without TLS.
    """
    if not config.base_url.startswith("https:"):
        return None
    from .tls import trusted

    return trusted()


def make_calls(config: HttpConfig, tls: ssl.SSLContext | None, *, patched: bool) -> Calls:
    """Connections for threads."""
    if patched or config.proxy:
        from .httpx_calls import HttpxCalls

        return HttpxCalls(config, httpx_client(config.proxies, tls))
    from .pool import PooledCalls

    return PooledCalls(config, tls)


def make_async_calls(
    config: HttpConfig, tls: ssl.SSLContext | None, *, patched: bool
) -> AsyncCalls:
    """Connections for the running event loop."""
    if patched or config.proxy:
        from .httpx_calls import AsyncHttpxCalls

        return AsyncHttpxCalls(config, async_httpx_client(config.proxies, tls))
    import sniffio

    library = sniffio.current_async_library()
    if library == "asyncio" and find_spec("aiohttp"):
        from .aiohttp_calls import AiohttpCalls

        return AiohttpCalls(config, tls)
    from .async_pool import AsyncPooledCalls

    return AsyncPooledCalls(config, tls)


def httpx_client(proxies: Proxies, tls: ssl.SSLContext | None) -> httpx.Client:
    """A blocking httpx client without token, cookies or netrc, with the library's proxy rules."""
    import httpx

    from .proxied import ProxiedTransport

    return httpx.Client(**_settings(), transport=ProxiedTransport(proxies, tls))


def async_httpx_client(proxies: Proxies, tls: ssl.SSLContext | None) -> httpx.AsyncClient:
    """The same as an asynchronous httpx client."""
    import httpx

    from .proxied import AsyncProxiedTransport

    return httpx.AsyncClient(**_settings(), transport=AsyncProxiedTransport(proxies, tls))


def _settings() -> dict[str, Any]:
    from http.cookiejar import CookieJar, DefaultCookiePolicy  # slow to import

    return {
        "headers": {"User-Agent": USER_AGENT},
        "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=())),
        "trust_env": False,
    }
