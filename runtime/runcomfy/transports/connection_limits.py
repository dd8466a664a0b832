"""The maximum number of connections, and how long idle ones are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from time import monotonic
from typing import Generic, TypeVar

__all__ = ["CONNECTIONS", "IdleConnections", "KEEPALIVE_EXPIRY", "NoConnection"]

#: Connections at once; further calls wait for one. Below the 1,024 open files of many systems.
CONNECTIONS = 500


#: Seconds that an idle connection is kept: less than the 5 after which common servers close theirs,
#: so that a submit is not sent into a connection that is just being closed.
KEEPALIVE_EXPIRY = 4.0


SlotT = TypeVar("SlotT")


class NoConnection(Exception):
    """A call was not sent, because all connections were in use."""

    def __init__(self) -> None:
        super().__init__(f"all {CONNECTIONS} connections were in use")


class IdleConnections(Generic[SlotT]):
    """Idle connections, last in, first out."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, SlotT]] = deque()

    def put(self, slot: SlotT) -> None:
        """Add an idle connection."""
        self._waiting.append((monotonic(), slot))

    def take(self) -> SlotT | None:
        """Take the most recently used connection; ``None`` if there is none."""
        return self._waiting.pop()[1] if self._waiting else None

    def expired(self) -> Iterator[SlotT]:
        """Remove and return the connections that have been idle for too long."""
        oldest = monotonic() - KEEPALIVE_EXPIRY
        while self._waiting and self._waiting[0][0] < oldest:
            yield self._waiting.popleft()[1]
