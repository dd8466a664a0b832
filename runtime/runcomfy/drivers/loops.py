"""One HTTP client for each event loop, because connections cannot move from one loop to another."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel

from .common import Wire

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["LoopClients", "this_loop"]


class LoopClients:
    """Makes a client when an event loop first needs one, and closes it at the latest with the loop."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._tls: ssl.SSLContext | None = None
        self._own: WeakKeyDictionary[Any, _Own] = WeakKeyDictionary()

    async def client(self) -> httpx.AsyncClient:
        """The client of this event loop."""
        loop = this_loop()
        own = self._own.get(loop)
        if own is None:
            own = self._own[loop] = await self._make()
        return own.http

    async def close(self) -> None:
        """Close the client of this event loop."""
        own = self._own.pop(this_loop(), None)
        if own is not None:
            await own.keeper.aclose()

    async def _make(self) -> _Own:
        from runcomfy.transports.clients import make_async_client, tls_context

        for loop, own in list(self._own.items()):
            if own.http.is_closed:  # as its loop is
                del self._own[loop]
        self._tls = self._tls or tls_context(self._wire)
        keeper = _kept(make_async_client(self._wire, self._tls))
        return _Own(await anext(keeper), keeper)


class _Own(NamedTuple):
    """The client of one event loop, and what closes it."""

    http: httpx.AsyncClient
    keeper: AsyncGenerator[httpx.AsyncClient, None]


async def _kept(http: httpx.AsyncClient) -> AsyncGenerator[httpx.AsyncClient, None]:
    """Gives the client, and closes it when nobody did before the event loop ends, which ends generators."""
    try:
        yield http
    finally:
        with anyio.CancelScope(shield=True):
            await http.aclose()


def this_loop() -> Any:
    """What stands for the running event loop."""
    return anyio.lowlevel.current_token().native_token
