"""What the drivers send with when no client is given: for many calls at once.

httpx's own connection pool does work for every connection with every call, so hundreds of calls at
once spend their time there. With ``runcomfy[fast]``, aiohttp makes the calls on asyncio; elsewhere, clients
of httpx do it, whose transport keeps single connections. Where the environment names a proxy, httpx's
own transport is used.
"""

from __future__ import annotations

import ssl
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from . import limits
from .calls import AsyncCalls, HttpxCalls
from .config import USER_AGENT, HttpConfig

if TYPE_CHECKING:
    import httpx

__all__ = ["make_async_calls", "make_client", "tls_context"]


def tls_context(config: HttpConfig) -> ssl.SSLContext | None:
    """What a client needs to make once: the certificates that httpx trusts, ``SSL_CERT_FILE`` included.

    ``None`` where the service is reached without TLS.
    """
    if not config.base_url.startswith("https:"):
        return None
    from .tls import trusted

    return trusted()


def make_client(config: HttpConfig, tls: ssl.SSLContext | None) -> httpx.Client:
    """A blocking client."""
    if _behind_proxy(config.base_url):
        import httpx

        return httpx.Client(**_settings(tls))
    from .direct_client import DirectClient
    from .pool import PooledTransport

    return DirectClient(PooledTransport(tls))


def make_async_calls(config: HttpConfig, tls: ssl.SSLContext | None) -> AsyncCalls:
    """Connections for the running event loop."""
    if _behind_proxy(config.base_url):
        import httpx

        return HttpxCalls(config, httpx.AsyncClient(**_settings(tls)))
    import sniffio

    if sniffio.current_async_library() == "asyncio" and find_spec("aiohttp"):
        from .aiohttp_calls import AiohttpCalls

        return AiohttpCalls(config, tls)
    from .async_pool import AsyncPooledTransport
    from .direct_client import AsyncDirectClient

    return HttpxCalls(config, AsyncDirectClient(AsyncPooledTransport(tls)))


def _settings(tls: ssl.SSLContext | None) -> dict[str, Any]:
    """For a client that finds the proxy by itself."""
    import httpx

    return {
        "headers": {"User-Agent": USER_AGENT},
        "verify": tls,
        "limits": httpx.Limits(
            max_connections=limits.CONNECTIONS,
            max_keepalive_connections=limits.CONNECTIONS,
            keepalive_expiry=limits.KEEPALIVE_EXPIRY,
        ),
    }


def _behind_proxy(base_url: str) -> bool:
    """Whether the environment names a proxy that may be meant for the address.

    A service on this machine is reached directly.
    """
    return base_url.startswith("https:") and bool(getproxies().keys() & {"https", "all"})
