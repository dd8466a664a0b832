"""Connections for each event loop, because they cannot move from one loop to another."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel

from runcomfy.transports.config import HttpConfig

if TYPE_CHECKING:
    import ssl

    from runcomfy.transports.calls import AsyncCalls

__all__ = ["LoopCalls", "this_loop"]


class LoopCalls:
    """Makes connections when an event loop first needs some, and closes them at the latest with the loop."""

    def __init__(self, config: HttpConfig) -> None:
        self._config = config
        self._tls: ssl.SSLContext | None = None
        self._own: WeakKeyDictionary[Any, _Own] = WeakKeyDictionary()

    async def calls(self) -> AsyncCalls:
        """What makes the calls of this event loop."""
        loop = this_loop()
        own = self._own.get(loop)
        if own is None:
            own = self._own[loop] = await self._make()
        return own.calls

    async def close(self) -> None:
        """Close those of this event loop."""
        own = self._own.pop(this_loop(), None)
        if own is not None:
            await own.keeper.aclose()

    async def _make(self) -> _Own:
        from runcomfy.transports.factory import make_async_calls, tls_context

        for loop, own in list(self._own.items()):
            if own.calls.is_closed:  # as its loop is
                del self._own[loop]
        self._tls = self._tls or tls_context(self._config)
        keeper = _kept(make_async_calls(self._config, self._tls))
        return _Own(await anext(keeper), keeper)


class _Own(NamedTuple):
    """The connections of one event loop, and what closes them."""

    calls: AsyncCalls
    keeper: AsyncGenerator[AsyncCalls, None]


async def _kept(calls: AsyncCalls) -> AsyncGenerator[AsyncCalls, None]:
    """Gives them, and closes them when nobody did before the event loop ends, which ends generators."""
    try:
        yield calls
    finally:
        with anyio.CancelScope(shield=True):
            await calls.aclose()


def this_loop() -> Any:
    """What stands for the running event loop."""
    return anyio.lowlevel.current_token().native_token
