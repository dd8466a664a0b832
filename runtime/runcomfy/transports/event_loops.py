"""``PerLoop``: one resource per event loop, because loops cannot share connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import anyio
import anyio.lowlevel
import sniffio

__all__ = ["PerLoop", "this_loop"]


class Closable(Protocol):
    """A resource that is closed in its event loop."""

    @property
    def is_closed(self) -> bool: ...
    def aclose(self) -> Awaitable[None]: ...


ThingT = TypeVar("ThingT", bound=Closable)


class PerLoop(Generic[ThingT]):
    """Creates the resource when an event loop first needs it, and closes it with the loop at the latest."""

    def __init__(self, make: Callable[[], ThingT]) -> None:
        self._make = make
        #: By event loop. A plain dict, which threads with loops of their own copy in one step.
        self._own: dict[Any, _Own[ThingT]] = {}

    async def get(self) -> ThingT:
        """The resource of the running event loop."""
        loop = this_loop()
        own = self._own.get(loop)
        if own is None:
            self._forget_the_past()
            keeper = _kept(self._make())
            own = self._own[loop] = _Own(await anext(keeper), keeper)
        return own.thing

    async def close(self) -> None:
        """Close the resource of the running event loop."""
        self._forget_the_past()
        own = self._own.pop(this_loop(), None)
        if own is not None:
            await own.keeper.aclose()

    def _forget_the_past(self) -> None:
        """Drop the resources of closed event loops, which would otherwise keep their loops alive.

        Where a loop was closed by hand, nothing can be awaited there any more. A resource that has ``abandon`` closes
        its sockets with it; those of others wait for the garbage collector.
        """
        for loop, own in [*self._own.items()]:
            over = getattr(loop, "is_closed", None)
            if own.thing.is_closed or (over is not None and over()):
                abandon = getattr(own.thing, "abandon", None)
                if self._own.pop(loop, None) and abandon and not own.thing.is_closed:
                    abandon()


class _Own(NamedTuple, Generic[ThingT]):
    """The resource of one event loop, and the generator that closes it."""

    thing: ThingT
    keeper: AsyncGenerator[ThingT, None]


async def _kept(thing: ThingT) -> AsyncGenerator[ThingT, None]:
    """Yield the resource; closes it at the latest when the event loop shuts down its generators."""
    try:
        yield thing
    finally:
        with anyio.CancelScope(shield=True):
            await thing.aclose()


def this_loop() -> Any:
    """A key that identifies the running event loop."""
    if sniffio.current_async_library() == "asyncio":
        return asyncio.get_running_loop()  # what anyio would give, in a third of the time
    return anyio.lowlevel.current_token().native_token
