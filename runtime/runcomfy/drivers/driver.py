"""``Driver``: runs flows, blocking. API calls and downloads differ only in their transport."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Condition, Event
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from runcomfy.protocol.steps import Flow, Reply, Sleep, StatusReport, Tick, Transfer
from runcomfy.transports.calls import Route

from .daemon_threads import Left, call
from .interruption import CUT_OFF, GRACE, LONGEST_SLEEP, RESCUE, CallProgress

if TYPE_CHECKING:
    from runcomfy.redaction import Redactor
    from runcomfy.status import Cancellation, Status
    from runcomfy.transports.calls import Transport

__all__ = ["Driver"]

ReturnT = TypeVar("ReturnT")
Rescue = Callable[[str], "Flow[Cancellation]"]


class Driver:
    """Runs flows: passes steps to the transport, sleeps, reports.

    Each step is carried out in another thread, and left when its time is over, on Ctrl-C, and when the driver
    is closed.
    """

    def __init__(self, transport: Transport, redact: Redactor, closed: Event | None = None) -> None:
        self._transport = transport
        self._redact = redact
        self._closed = closed or Event()
        #: How many rescues are under way.
        self._rescues = 0
        self._rescued = Condition()

    def run(
        self,
        flow: Flow[ReturnT],
        *,
        request_id: str | None = None,
        model_id: str | None = None,
        on_status: Callable[[Status], object] | None = None,
        rescue: Rescue | None = None,
    ) -> ReturnT:
        """Run the flow to its end. ``rescue`` makes the flow that cancels, for Ctrl-C."""
        progress = CallProgress(self._redact, request_id, model_id)
        try:
            return self._run(flow, progress, on_status)
        except BaseException as stop:
            interrupted = not isinstance(stop, Exception)
            if rescue and interrupted and progress.request_id and not progress.ended:
                with self._rescuing(), progress.rescue(stop) as record:
                    cancel = rescue(progress.request_id)
                    record(self._run(cancel, CallProgress(self._redact, rescuing=True), None))
            else:
                progress.explain(stop)
            raise

    def events(self, flow: Flow[object], request_id: str, model_id: str | None) -> Iterator[Status]:
        """Run the flow, yielding each report on demand."""
        progress = CallProgress(self._redact, request_id, model_id)
        try:
            yield from self._reports(flow, progress)
        except GeneratorExit:
            raise  # the caller has seen enough
        except BaseException as stop:
            progress.explain(stop)
            raise

    def fetch(self, flow: Flow[None], request_id: str) -> None:
        """Run the download flow of one file to its end."""
        self._run(flow, CallProgress(self._redact, request_id), None)

    def close(self) -> None:
        """Refuse further steps, end the pauses of waiting calls, and let rescues finish within their limit."""
        self._closed.set()
        with self._rescued:
            self._rescued.wait_for(lambda: not self._rescues, timeout=RESCUE)

    @contextmanager
    def _rescuing(self) -> Iterator[None]:
        with self._rescued:
            self._rescues += 1
        try:
            yield
        finally:
            with self._rescued:
                self._rescues -= 1
                self._rescued.notify_all()

    def _run(
        self,
        flow: Flow[ReturnT],
        progress: CallProgress,
        on_status: Callable[[Status], object] | None,
    ) -> ReturnT:
        reports = self._reports(flow, progress)
        while True:
            try:
                status = next(reports)
            except StopIteration as end:
                value: ReturnT = end.value
                return value
            if on_status:
                on_status(status)

    def _reports(
        self, flow: Flow[ReturnT], progress: CallProgress
    ) -> Generator[Status, None, ReturnT]:
        """Run the flow; yields each reported status, and returns its value."""
        reply: Any = None
        flow = progress.watched(flow)
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as end:
                value: ReturnT = end.value
                return value
            if isinstance(step, StatusReport):
                progress.take(step)
                yield step.status
                reply = Tick(monotonic())
            elif isinstance(step, Sleep):
                progress.take(step)
                self._transport.rest()
                self._closed.wait(min(step.seconds, LONGEST_SLEEP))  # a close ends the pause
                reply = Tick(monotonic())
            else:
                reply = self._carry(step, progress)

    def _carry(self, step: Transfer, progress: CallProgress) -> Reply:
        """Execute the step within its time limit."""
        if not progress.rescuing and self._is_over():
            raise self._transport.closed()
        work = self._transport.prepare(step)  # what fails here was not sent, and is not under way
        progress.take(step)
        route = Route()
        ends = None if step.timeout is None else monotonic() + step.timeout + GRACE
        is_over = _never if progress.rescuing else self._is_over
        try:
            return call(partial(work, route), ends, is_over)
        except Left:
            route.leave()
            return self._transport.cut(step, route, CUT_OFF["closed" if is_over() else "late"])
        except BaseException:
            route.leave()
            raise

    def _is_over(self) -> bool:
        return self._closed.is_set() or self._transport.is_over


def _never() -> bool:
    return False
