"""Limits the concurrent calls of one event loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio

from . import connection_limits as limits

__all__ = ["Limiter", "Waiter"]

#: The initial number of concurrent calls. Opening a connection takes as long as two or three short calls, so
#: a burst of short calls is faster over a few connections.
_FIRST = 8

#: Seconds that a call waits for a slot before the number of slots grows: about the time to open a connection
#: over the internet.
_PATIENCE = 0.05


class Waiter:
    """A call waiting for a slot."""

    def __init__(self) -> None:
        #: Whether the call was admitted, even if its wait was being cancelled at that moment.
        self.given = False
        self._event = anyio.Event()

    def give(self) -> None:
        """Admit the call."""
        self.given = True
        self._event.set()

    async def wait(self, seconds: float | None) -> None:
        """Wait to be admitted, at most ``timeout`` seconds."""
        with anyio.move_on_after(seconds):
            await self._event.wait()


class Limiter:
    """Admits a few calls at first, then one more whenever a waiter times out, up to the maximum."""

    def __init__(self, turn: Callable[[], Waiter] = Waiter) -> None:
        self._new_turn = turn
        self._most = limits.CONNECTIONS
        self._room = min(_FIRST, self._most)
        self._inside = 0
        self._closed = False
        self._waiting: deque[Waiter] = deque()

    async def enter(self, timeout: float | None) -> None:
        """Wait for a slot, at most ``timeout`` seconds. If it raises, nothing was sent."""
        if not (self._closed or self.enter_now() or await self._wait(timeout)):
            raise limits.NoConnection
        if self._closed:
            raise ConnectionError("the client was closed")

    def enter_now(self) -> bool:
        """Take a slot, if one is free."""
        if self._closed or self._inside >= self._room:
            return False
        self._inside += 1
        return True

    def close(self) -> None:
        """Reject waiting and new calls."""
        self._closed = True
        while self._waiting:
            self._waiting.popleft().give()

    async def _wait(self, timeout: float | None) -> bool:
        if await self._turn(_PATIENCE if timeout is None else min(_PATIENCE, timeout)):
            return True
        if self._room < self._most:
            self._room += 1
            self._inside += 1
            return True
        return await self._turn(timeout)

    def leave(self) -> None:
        """Release the slot to the call that has waited longest."""
        if self._waiting:
            self._waiting.popleft().give()
            return
        self._inside -= 1
        if not self._inside:
            self._room = min(_FIRST, self._most)

    async def _turn(self, seconds: float | None) -> bool:
        turn = self._new_turn()
        self._waiting.append(turn)
        try:
            await turn.wait(seconds)
        except BaseException:
            if turn.given:
                self.leave()
            else:
                self._waiting.remove(turn)
            raise
        if not turn.given:
            self._waiting.remove(turn)
        return turn.given
