"""``RowFeed``: reads rows ahead in a thread, and skips those that need no work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from time import monotonic

import anyio
from anyio.to_thread import run_sync

from .rows import BatchRow
from .scheduler import Event, TimePassed

__all__ = ["RowFeed"]

#: The number of rows read ahead, in a thread because reading hashes their files.
_AHEAD = 256


class RowFeed:
    """Reads rows ahead in a thread, and skips those that need no work."""

    def __init__(self, rows: Iterable[BatchRow], is_over: Callable[[BatchRow], bool]) -> None:
        self._rows: Iterator[BatchRow] = iter(rows)
        self._is_over = is_over
        self._ready: deque[BatchRow] = deque()
        self._read_all = False
        self._room = anyio.Event()

    @property
    def ended(self) -> bool:
        """Whether there is no further row."""
        return self._read_all and not self._ready

    def pop(self) -> BatchRow | None:
        """The next row, if it was read already."""
        row = self._ready.popleft() if self._ready else None
        if len(self._ready) < _AHEAD:
            self._room.set()
        return row

    def more(self) -> list[BatchRow]:
        """Further rows that need work; none at the end."""
        ready = [*self._ready]
        self._ready.clear()
        while not ready and not self._read_all:
            read = list(islice(self._rows, _AHEAD))
            self._read_all = len(read) < _AHEAD
            ready = [row for row in read if not self._is_over(row)]
        return ready

    async def read(self, hear: Callable[[Event], object]) -> None:
        """Keep rows ready until all are read."""
        while not self._read_all:
            if len(self._ready) < _AHEAD:
                read = await run_sync(list, islice(self._rows, _AHEAD))
                self._read_all = len(read) < _AHEAD
                self._ready += [row for row in read if not self._is_over(row)]
                hear(TimePassed(monotonic()))
            else:
                self._room = anyio.Event()
                await self._room.wait()
