"""``ScheduleDriver``: carries out the scheduler's steps on an event loop."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf
from time import monotonic
from typing import TypeAlias

import anyio

from .rows import BatchRow
from .scheduler import Await, Event, Step, TimePassed

__all__ = ["Flow", "ScheduleDriver"]

#: It returns why the batch stopped, that in words, and the rows that it put back.
Flow: TypeAlias = Generator[Step, Event, tuple[str, str, list[BatchRow]]]


class ScheduleDriver:
    """Passes events to the scheduler's flow, and starts the rows that it names. ``start`` must not run the row itself.

    Belongs to one event loop. An event costs no task and no wake-up, since each row has several.
    """

    def __init__(self, flow: Flow, start: Callable[[BatchRow], object]) -> None:
        self._flow, self._start = flow, start
        self._end: tuple[str, str, list[BatchRow]] | None = None
        #: When the flow wants to know that time has passed, and that this or its end has come to be known.
        self._until: float | None = None
        self._changed = anyio.Event()

    async def run(self) -> tuple[str, str, list[BatchRow]]:
        """Begin the flow, and wait until it ends: what it returned."""
        row = self._advance(next)
        if row is not None:
            self._start(row)
        while self._end is None:
            self._changed = anyio.Event()
            wait = inf if self._until is None else max(0.0, self._until - monotonic())
            with anyio.move_on_after(wait) as limit:
                await self._changed.wait()
            if limit.cancelled_caught:
                self.hear(TimePassed(monotonic()))
        return self._end

    def hear(self, event: Event) -> None:
        """Pass on an event, and start the rows that may start now."""
        row = self.next_row(event)
        if row is not None:
            self._start(row)

    def next_row(self, event: Event) -> BatchRow | None:
        """The same as ``hear``, but the caller runs the first of these rows itself."""
        return self._advance(lambda flow: flow.send(event))

    def _advance(self, proceed: Callable[[Flow], Step]) -> BatchRow | None:
        first: BatchRow | None = None
        while self._end is None:
            try:
                step = proceed(self._flow)
            except StopIteration as end:
                self._end = end.value
                self._changed.set()
                break
            if isinstance(step, Await):
                self._until = step.until
                if step.until is not None:
                    self._changed.set()
                break
            if first is None:
                first = step.row
            else:
                self._start(step.row)
            proceed = _time_passed
        return first


def _time_passed(flow: Flow) -> Step:
    return flow.send(TimePassed(monotonic()))
