"""httpx transports that send each request directly or over the environment's proxy."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from . import connection_limits as limits
from .proxies import Proxies

TransportT = TypeVar("TransportT")

__all__ = ["AsyncProxiedTransport", "ProxiedTransport"]


class ProxiedTransport(httpx.BaseTransport):
    """Sends each request over a transport of httpx, directly or over the proxy."""

    def __init__(self, proxies: Proxies, tls: ssl.SSLContext | None) -> None:
        self._proxies = proxies
        self._direct = httpx.HTTPTransport(**_settings(tls))
        self._proxied = _over(httpx.HTTPTransport, proxies, tls)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request."""
        if self._proxied is not None and self._proxies.proxy_for(str(request.url)):
            return self._proxied.handle_request(request)
        return self._direct.handle_request(request)

    def close(self) -> None:
        """Close both."""
        self._direct.close()
        if self._proxied is not None:
            self._proxied.close()


class AsyncProxiedTransport(httpx.AsyncBaseTransport):
    """``ProxiedTransport`` for ``httpx.AsyncClient``."""

    def __init__(self, proxies: Proxies, tls: ssl.SSLContext | None) -> None:
        self._proxies = proxies
        self._direct = httpx.AsyncHTTPTransport(**_settings(tls))
        self._proxied = _over(httpx.AsyncHTTPTransport, proxies, tls)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request."""
        if self._proxied is not None and self._proxies.proxy_for(str(request.url)):
            return await self._proxied.handle_async_request(request)
        return await self._direct.handle_async_request(request)

    async def aclose(self) -> None:
        """Close both."""
        await self._direct.aclose()
        if self._proxied is not None:
            await self._proxied.aclose()


def _over(
    kind: Callable[..., TransportT], proxies: Proxies, tls: ssl.SSLContext | None
) -> TransportT | None:
    return kind(proxy=proxies.proxy, **_settings(tls)) if proxies.proxy else None


def _settings(tls: ssl.SSLContext | None) -> dict[str, Any]:
    return {
        "verify": False if tls is None else tls,  # without one, there is only http
        "trust_env": False,
        "limits": httpx.Limits(
            max_connections=limits.CONNECTIONS,
            max_keepalive_connections=limits.CONNECTIONS,
            keepalive_expiry=limits.KEEPALIVE_EXPIRY,
        ),
    }
