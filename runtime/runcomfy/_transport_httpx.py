"""The transports over a client with the interface of httpx: one of the caller's, or one for proxies."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING

import anyio

from ._driver_common import AnswerCut, Wire, plain_headers
from .protocol.messages import Answer, Send

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncHttpxTransport", "HttpxTransport"]

#: What one call may take beyond its timeout, so that httpx reports its own, more exact ones first.
_GRACE = 0.25


class HttpxTransport:
    """Makes calls over an ``httpx.Client``, as it is set up.

    A body that arrives in drops ends at the deadline; headers that do cannot be interrupted.
    """

    def __init__(self, wire: Wire, http: httpx.Client) -> None:
        self._wire = wire
        self._http = http

    def exchange(self, send: Send) -> Answer:
        """Make the call; raises what the client raises, and ``AnswerCut``."""
        ends = inf if send.timeout is None else monotonic() + send.timeout
        request = self._http.build_request(**self._wire.arguments(send))
        response = self._http.send(request, stream=True, auth=None, follow_redirects=False)
        body = bytearray()
        try:
            for chunk in response.iter_bytes():
                body += chunk
                self._wire.check(len(body), ends)
        finally:
            response.close()
        headers = plain_headers(response.headers)
        return Answer(monotonic(), response.status_code, headers, bytes(body))

    def close(self) -> None:
        """Close the client."""
        self._http.close()


class AsyncHttpxTransport:
    """Makes calls over an ``httpx.AsyncClient``, as it is set up."""

    def __init__(self, wire: Wire, http: httpx.AsyncClient) -> None:
        self._wire = wire
        self._http = http

    async def exchange(self, send: Send) -> Answer:
        """Make the call; raises what the client raises, and ``AnswerCut``."""
        with anyio.move_on_after(inf if send.timeout is None else send.timeout + _GRACE):
            request = self._http.build_request(**self._wire.arguments(send))
            response = await self._http.send(
                request, stream=True, auth=None, follow_redirects=False
            )
            body = bytearray()
            try:
                async for chunk in response.aiter_bytes():
                    body += chunk
                    self._wire.check(len(body), None)
            finally:
                await response.aclose()
            headers = plain_headers(response.headers)
            return Answer(monotonic(), response.status_code, headers, bytes(body))
        raise AnswerCut("the timeout of the call ran out")

    async def aclose(self) -> None:
        """Close the client."""
        await self._http.aclose()
