"""The asynchronous driver: as the blocking one, on asyncio and on trio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import anyio

from runcomfy.errors import ClientClosed
from runcomfy.protocol.steps import Failure, Flow, Response, Send, Sleep, StatusReport, Tick
from runcomfy.status import Cancellation, Status
from runcomfy.transports.calls import AsyncCalls, HttpxCalls
from runcomfy.transports.config import HttpConfig

from .event_loops import LoopCalls, this_loop
from .interruption import CallProgress

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncDriver"]

ReturnT = TypeVar("ReturnT")
Rescue = Callable[[str], Flow[Cancellation]]
OnStatus = Callable[[Status], Awaitable[object] | object]

#: The whole attempt to cancel after an interruption.
_RESCUE = 6.0


class AsyncDriver:
    """Does what flows ask for: sends, sleeps, reports."""

    def __init__(self, config: HttpConfig, http: httpx.AsyncClient | None) -> None:
        self._config = config
        self._given = None if http is None else HttpxCalls(config, http)
        self._own = LoopCalls(config)
        #: The pauses of calls that wait, by event loop.
        self._pauses: WeakKeyDictionary[Any, set[anyio.CancelScope]] = WeakKeyDictionary()
        self._closed = False

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
        progress = CallProgress(self._config.redact, request_id, model_id)
        try:
            return await self._run(flow, progress, on_status)
        except (Exception, GeneratorExit) as stop:  # who closes a coroutine waits for nothing
            progress.explain(stop)
            raise
        except BaseException as stop:
            if rescue and progress.request_id and not progress.ended:
                with progress.rescue(stop) as tell, anyio.move_on_after(_RESCUE, shield=True):
                    cancel = rescue(progress.request_id)
                    tell(await self._run(cancel, CallProgress(self._config.redact), None))
            else:
                progress.explain(stop)
            raise

    def events(
        self, flow: Flow[object], request_id: str, model_id: str | None
    ) -> AsyncIterator[Status]:
        """Run the flow as far as its reports are asked for."""
        return _Events(self, flow, CallProgress(self._config.redact, request_id, model_id))

    async def close(self) -> None:
        """Close what belongs to this event loop, and end the pauses of its calls that wait."""
        self._closed = True
        for pause in [*self._pauses.get(this_loop(), ())]:
            pause.cancel()
        await self._own.close()

    async def _run(
        self, flow: Flow[ReturnT], progress: CallProgress, on_status: OnStatus | None
    ) -> ReturnT:
        course = _Course(self, flow, progress)
        while (status := await course.next_report()) is not None:
            told = on_status(status) if on_status else None
            if isinstance(told, Awaitable):
                await told
        return course.value

    async def perform(
        self, step: Send | Sleep, progress: CallProgress
    ) -> Response | Failure | Tick:
        """Send, or sleep until it is time or the client is closed."""
        if isinstance(step, Send):
            calls = await self._calls()  # what fails here was not sent, and is not under way
            progress.take(step)
            return await self._send(step, calls)
        progress.take(step)
        pauses = self._pauses.setdefault(this_loop(), set())
        with anyio.CancelScope() as pause:
            pauses.add(pause)
            try:
                await anyio.sleep(step.seconds)
            finally:
                pauses.discard(pause)
        return Tick(monotonic())

    async def _send(self, send: Send, calls: AsyncCalls) -> Response | Failure:
        try:
            return await calls.make(send)
        except Exception as error:  # noqa: BLE001  # one that is unknown is raised again
            return self._config.failure_of_call(error, given=self._given is not None)

    async def _calls(self) -> AsyncCalls:
        """What to send with: the caller's client, or connections of our own for each event loop."""
        if self._closed:
            raise ClientClosed("the client is closed; nothing was sent")
        return self._given or await self._own.calls()


class _Course(Generic[ReturnT]):
    """A flow on its way."""

    #: What the flow returned; there when it has ended.
    value: ReturnT

    def __init__(self, driver: AsyncDriver, flow: Flow[ReturnT], progress: CallProgress) -> None:
        self._driver = driver
        self._flow = flow
        self._progress = progress
        self._reported = False

    async def next_report(self) -> Status | None:
        """Carry the flow out up to the next status that it reports; ``None`` at its end."""
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
            reply = await self._driver.perform(step, self._progress)


class _Events(AsyncIterator[Status]):
    """The reports of a flow. No generator, which trio would warn of when the caller leaves it early."""

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
