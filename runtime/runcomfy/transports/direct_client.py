"""httpx's clients without what calls of the API do not need: redirects, authentication, cookies, hooks.

They prepare a request from the call alone, and hand it to their transport; that is half of the time of
a call. Clients that a caller brings do it all, as they are set up.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import httpx

from .config import USER_AGENT

__all__ = ["AsyncDirectClient", "DirectClient"]


class DirectClient(httpx.Client):
    """Sends a request over the transport and gives back its answer."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        super().__init__(transport=transport, trust_env=False, headers={"User-Agent": USER_AGENT})
        self._direct = transport
        self._always = _shared(self.headers)

    def build_request(self, method: str, url: Any, **options: Any) -> httpx.Request:
        """The request with the headers that are given and those that every call has."""
        return _request(self._always, method, url, **options)

    def send(self, request: httpx.Request, **_: Any) -> httpx.Response:
        """The answer, its body still to be read."""
        response = self._direct.handle_request(request)
        response.request = request
        return response


class AsyncDirectClient(httpx.AsyncClient):
    """Sends a request over the transport and gives back its answer."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(transport=transport, trust_env=False, headers={"User-Agent": USER_AGENT})
        self._direct = transport
        self._always = _shared(self.headers)

    def build_request(self, method: str, url: Any, **options: Any) -> httpx.Request:
        """The request with the headers that are given and those that every call has."""
        return _request(self._always, method, url, **options)

    async def send(self, request: httpx.Request, **_: Any) -> httpx.Response:
        """The answer, its body still to be read."""
        response = await self._direct.handle_async_request(request)
        response.request = request
        return response


def _shared(headers: httpx.Headers) -> list[tuple[str, str]]:
    """The client's headers but for those that each call brings."""
    own = ("accept", "accept-encoding")
    return [(name, value) for name, value in headers.items() if name not in own]


def _request(
    always: list[tuple[str, str]],
    method: str,
    url: str,
    *,
    content: bytes | None,
    headers: dict[str, str],
    timeout: tuple[float | None, ...],
) -> httpx.Request:
    steps = dict(zip(("connect", "read", "write", "pool"), timeout, strict=True))
    return httpx.Request(
        method,
        _url(url),
        headers=[*always, *headers.items()],
        content=content,
        extensions={"timeout": steps},
    )


@lru_cache(maxsize=256)
def _url(url: str) -> httpx.URL:
    """The parsed URL; polls ask for the same ones again and again."""
    return httpx.URL(url)
