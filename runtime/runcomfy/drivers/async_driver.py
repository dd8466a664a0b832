"""``AsyncDriver``: ``Driver`` on asyncio and on trio."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import anyio

from runcomfy.protocol.steps import Flow, Reply, Sleep, StatusReport, Tick, Transfer
from runcomfy.status import Status
from runcomfy.transports.calls import Route
from runcomfy.transports.event_loops import this_loop
from runcomfy.transports.failures import without_frames

from .interruption import CUT_OFF, GRACE, LONGEST_SLEEP, RESCUE, CallProgress

if TYPE_CHECKING:
    from runcomfy.redaction import Redactor
    from runcomfy.status import Cancellation
    from runcomfy.transports.calls import AsyncTransport

__all__ = ["AsyncDriver"]

ReturnT = TypeVar("ReturnT")
Rescue = Callable[[str], "Flow[Cancellation]"]
OnStatus = Callable[[Status], Awaitable[object] | object]


class AsyncDriver:
    """Runs flows: passes steps to the transport, sleeps, reports. Each step has a time limit."""

    def __init__(self, transport: AsyncTransport, redact: Redactor) -> None:
        self._transport = transport
        self._redact = redact
        #: The calls in progress, by event loop.
        self._loops: WeakKeyDictionary[Any, _Loop] = WeakKeyDictionary()
        self._closed = False
        #: Whether the request of a cancelled task is cancelled.
        self.cancels = True

    async def run(
        self,
        flow: Flow[ReturnT],
        *,
        request_id: str | None = None,
        model_id: str | None = None,
        on_status: OnStatus | None = None,
        rescue: Rescue | None = None,
    ) -> ReturnT:
        """Run the flow to its end. ``rescue`` makes the flow that cancels, for cancelled tasks."""
        progress = CallProgress(self._redact, request_id, model_id)
        try:
            return await self._run(flow, progress, on_status)
        except (Exception, GeneratorExit) as stop:  # a closed coroutine must not await a cancel
            progress.explain(stop)
            raise
        except BaseException as stop:
            if rescue and self.cancels and progress.request_id and not progress.ended:
                with (
                    self._loop.rescuing(),
                    progress.rescue(stop) as record,
                    anyio.move_on_after(RESCUE, shield=True),
                ):
                    cancel = rescue(progress.request_id)
                    record(await self._run(cancel, CallProgress(self._redact, rescuing=True), None))
            else:
                progress.explain(stop)
            raise

    def events(
        self, flow: Flow[object], request_id: str, model_id: str | None
    ) -> AsyncIterator[Status]:
        """Run the flow, yielding each report on demand."""
        return _Events(self, flow, CallProgress(self._redact, request_id, model_id))

    async def fetch(self, flow: Flow[None], request_id: str) -> None:
        """Run the download flow of one file to its end."""
        await self._run(flow, CallProgress(self._redact, request_id), None)

    async def close(self) -> None:
        """Refuse further steps, end those of this event loop, and let its rescues finish within their limit.

        A task that was just cancelled begins its rescue when its step has ended, so that is waited for first.
        """
        self._closed = True
        loop = self._loop
        for step in [*loop.steps]:
            step.cancel()
        with anyio.move_on_after(RESCUE, shield=True):
            await loop.rest()

    @property
    def _loop(self) -> _Loop:
        here = this_loop()
        return self._loops.get(here) or self._loops.setdefault(here, _Loop())

    async def _run(
        self, flow: Flow[ReturnT], progress: CallProgress, on_status: OnStatus | None
    ) -> ReturnT:
        course = _Course(self, flow, progress)
        while (status := await course.next_report()) is not None:
            answer = on_status(status) if on_status else None
            if isinstance(answer, Awaitable):
                await answer
        return course.value

    async def sleep(self, step: Sleep, progress: CallProgress) -> Tick:
        """Sleep until the deadline, or until the client is closed."""
        progress.take(step)
        await self._transport.rest()
        with anyio.CancelScope() as pause, self._loop.taking(pause, progress):
            if not self._closed or progress.rescuing:
                await anyio.sleep(min(step.seconds, LONGEST_SLEEP))
        return Tick(monotonic())

    async def carry(self, step: Transfer, progress: CallProgress) -> Reply:
        """Execute the step within its time limit."""
        if self._closed and not progress.rescuing:
            raise self._transport.closed()
        work = await self._transport.prepare(step)  # what fails here is not under way
        progress.take(step)
        route = Route()
        before = sys.exc_info()[1]
        try:
            limit = None if step.timeout is None else step.timeout + GRACE
            with anyio.move_on_after(limit) as scope, self._loop.taking(scope, progress):
                return await work(route)
        except Exception:
            raise
        except BaseException as stop:
            route.leave()
            without_frames(stop, before)
            raise
        route.leave()
        return self._transport.cut(step, route, CUT_OFF["closed" if self._closed else "late"])


class _Loop:
    """The activity of one event loop: steps, and cancel requests for cancelled tasks."""

    def __init__(self) -> None:
        #: The steps that a close ends, pauses among them.
        self.steps: set[anyio.CancelScope] = set()
        self._rescues = 0
        #: Set when nothing runs any longer; there while somebody waits for that.
        self.quiet: anyio.Event | None = None

    def taking(
        self, step: anyio.CancelScope, progress: CallProgress
    ) -> AbstractContextManager[None]:
        """Track a running step. Closing does not interrupt the steps of a rescue."""
        return nullcontext() if progress.rescuing else _Taking(self, step)

    @contextmanager
    def rescuing(self) -> Iterator[None]:
        """Track a running rescue."""
        self._rescues += 1
        try:
            yield
        finally:
            self._rescues -= 1
            self.ended()

    def ended(self) -> None:
        """Wake who waits for the last step and the last rescue."""
        if self.quiet is not None and not (self.steps or self._rescues):
            self.quiet.set()

    async def rest(self) -> None:
        """Wait until no step and no rescue is running."""
        while self.steps or self._rescues:
            if self.quiet is None or self.quiet.is_set():
                self.quiet = anyio.Event()
            await self.quiet.wait()


class _Taking:
    """While a step is among those that a close ends. A class, since each call passes here."""

    __slots__ = ("_loop", "_step")

    def __init__(self, loop: _Loop, step: anyio.CancelScope) -> None:
        self._loop = loop
        self._step = step

    def __enter__(self) -> None:
        self._loop.steps.add(self._step)

    def __exit__(self, *_: object) -> None:
        self._loop.steps.discard(self._step)
        if self._loop.quiet is not None:
            self._loop.ended()


class _Course(Generic[ReturnT]):
    """A running flow."""

    #: What the flow returned; there when it has ended.
    value: ReturnT

    def __init__(self, driver: AsyncDriver, flow: Flow[ReturnT], progress: CallProgress) -> None:
        self._driver = driver
        self._flow = progress.watched(flow)
        self._progress = progress
        self._reported = False

    async def next_report(self) -> Status | None:
        """Run the flow up to its next status report; ``None`` at its end."""
        reply: Any = Tick(monotonic()) if self._reported else None
        while True:
            try:
                step = self._flow.send(reply)
            except StopIteration as end:
                self.value = end.value
                return None
            if isinstance(step, StatusReport):
                self._progress.take(step)
                self._reported = True
                return step.status
            if isinstance(step, Sleep):
                reply = await self._driver.sleep(step, self._progress)
            else:
                reply = await self._driver.carry(step, self._progress)


class _Events(AsyncIterator["Status"]):
    """The reports of a flow. Not a generator, because trio warns about generators that are left early."""

    def __init__(self, driver: AsyncDriver, flow: Flow[object], progress: CallProgress) -> None:
        self._course = _Course(driver, flow, progress)
        self._progress = progress

    async def __anext__(self) -> Status:
        try:
            status = await self._course.next_report()
        except BaseException as stop:
            self._progress.explain(stop)
            raise
        if status is None:
            raise StopAsyncIteration
        return status
