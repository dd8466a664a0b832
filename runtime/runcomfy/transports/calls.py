"""How the asynchronous driver makes one call: over a client of httpx, or as ``transports/over_aiohttp.py`` does."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Protocol

import anyio

from runcomfy.protocol.steps import Response, Send

from .config import HttpConfig
from .failures import ResponseCut

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncCalls", "HttpxCalls"]


class AsyncCalls(Protocol):
    """Connections to the service, in one event loop."""

    async def make(self, send: Send) -> Response:
        """Send the call once: its answer. Raises the errors of httpx, and ``ResponseCut``."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether they are closed."""
        ...

    async def aclose(self) -> None:
        """Close them; calls that wait for an answer end with an error."""
        ...


class HttpxCalls:
    """Makes calls over a client of httpx, or one with its methods."""

    def __init__(self, config: HttpConfig, http: httpx.AsyncClient) -> None:
        self._config = config
        self._http = http

    async def make(self, send: Send) -> Response:
        """Send the call once: its answer. Raises what the client raises, and ``ResponseCut``."""
        limit = self._config.limit(send)
        with anyio.move_on_after(inf if limit is None else limit):
            return await self._exchange(send)
        raise ResponseCut("the timeout of the call ran out")

    async def _exchange(self, send: Send) -> Response:
        request = self._http.build_request(**self._config.arguments(send))
        response = await self._http.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            self._config.check_packing(response.headers.get("content-encoding"))
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                self._config.check(len(body), None)
        finally:
            await response.aclose()
        return Response(monotonic(), response.status_code, response.headers, bytes(body))

    @property
    def is_closed(self) -> bool:
        """Whether the client is closed."""
        return self._http.is_closed

    async def aclose(self) -> None:
        """Close the client."""
        await self._http.aclose()
