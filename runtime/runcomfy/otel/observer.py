"""``SpanObserver``: spans and metrics of flows, from the steps that they take and the replies that they get."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial, wraps
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from opentelemetry import context as contexts
from opentelemetry import metrics, trace
from opentelemetry.propagate import extract
from opentelemetry.trace import Span, SpanKind, StatusCode

from runcomfy.errors import JobCancelled, JobFailed
from runcomfy.protocol.steps import (
    Drained,
    Failure,
    Flow,
    Head,
    Open,
    Response,
    Send,
    Sleep,
    StatusReport,
)
from runcomfy.status import Status

from . import names

__all__ = ["SpanObserver", "attached"]

_ReturnT = TypeVar("_ReturnT")
_Given = ParamSpec("_Given")
_log = logging.getLogger("runcomfy")

#: Jobs that are remembered, so that their files' spans become children of theirs.
_REMEMBERED = 4_096
#: The recorded length of a body, if requested, and of a status, in characters.
_LONGEST, _LONGEST_STATE = 16_384, 64
_QUEUED = {"in_queue", "queued", "pending", "waiting"}


def _harmless(method: Callable[_Given, None]) -> Callable[_Given, None]:
    """Log what the program's samplers and processors raise: an error of theirs must not lose a paid request."""

    @wraps(method)
    def harmless(*given: _Given.args, **named: _Given.kwargs) -> None:
        try:
            method(*given, **named)
        except Exception as error:  # noqa: BLE001  # any may come from the program's code
            _log.warning("OpenTelemetry: a span or metric is lost: %s", type(error).__name__)

    return harmless


class SpanObserver:
    """Gives each job a span, with a child for each call and each file, and counts."""

    def __init__(
        self,
        tracers: trace.TracerProvider | None,
        meters: metrics.MeterProvider | None,
        *,
        record_content: bool,
    ) -> None:
        self.record_content = record_content
        self.tracer = trace.get_tracer(names.SCOPE, tracer_provider=tracers)
        meter = metrics.get_meter(names.SCOPE, meter_provider=meters)
        self.duration = meter.create_histogram(*names.DURATION_METRIC)
        self.retries = meter.create_counter(*names.RETRY_METRIC)
        self.positions = meter.create_histogram(*names.POSITION_METRIC)
        self.cost = meter.create_counter(*names.COST_METRIC)
        self._jobs: dict[str, trace.SpanContext] = {}
        self._current: ContextVar[_Operation | None] = ContextVar("runcomfy_job", default=None)

    @contextmanager
    def job(self, model_id: str) -> Iterator[None]:
        """The span of a job, around the spans of its flows."""
        operation = _Operation(self, names.JOB, None, model_id)
        token = self._current.set(operation)
        try:
            yield
            operation.outcome = "succeeded"
        except BaseException as error:
            operation.fail(error)
            raise
        finally:
            self._current.reset(token)
            operation.end()

    def flow(
        self, flow: Flow[_ReturnT], request_id: str | None, model_id: str | None
    ) -> Flow[_ReturnT]:
        """The same flow, with its span from the first step on."""
        job = self._current.get()
        name = str(getattr(flow, "__name__", "flow"))
        operation = job or _Operation(self, names.OPERATIONS.get(name, name), request_id, model_id)
        reply: Any = None
        try:
            while True:
                try:
                    step = flow.send(reply)
                except StopIteration as end:
                    value: _ReturnT = end.value
                    operation.take_value(value)
                    if job is None:
                        operation.outcome = "succeeded"
                    return value
                with operation.step(step) as take:
                    reply = yield step
                    take(reply)
        except GeneratorExit:  # interrupted, or closed by its caller
            raise
        except BaseException as error:
            if job is None:  # a job may continue after the error of one flow
                operation.fail(error)
            raise
        finally:
            flow.close()
            if job is None:
                operation.end()

    def start(
        self, name: str, context: contexts.Context | None, attributes: Mapping[str, Any]
    ) -> Span:
        """A new client span; one that records nothing if it cannot be started."""
        started: list[Span] = [trace.INVALID_SPAN]

        @_harmless
        def start() -> None:
            started[0] = self.tracer.start_span(name, context, SpanKind.CLIENT, dict(attributes))

        start()
        return started[0]

    def remember(self, request_id: str, span: Span) -> None:
        """Note the span of a job."""
        self._jobs[request_id] = span.get_span_context()
        if len(self._jobs) > _REMEMBERED:
            for oldest in list(self._jobs)[: _REMEMBERED // 2]:
                self._jobs.pop(oldest, None)

    def parent(self, request_id: str | None) -> contexts.Context | None:
        """The context of a request's job if there is no current span; ``None`` means the current context."""
        job = self._jobs.get(request_id or "")
        if job is None or trace.get_current_span().get_span_context().is_valid:
            return None
        return trace.set_span_in_context(trace.NonRecordingSpan(job))


class _Operation:
    """One job or other operation: its span and attributes."""

    def __init__(
        self, observer: SpanObserver, name: str, request_id: str | None, model_id: str | None
    ) -> None:
        self.outcome = "interrupted"
        self._observer = observer
        self._began = monotonic()
        self._started: float | None = None
        self._attempts = 0
        self._retries = 0
        self._queued = False
        self._known = {names.OPERATION_NAME: name, names.PROVIDER_NAME: names.PROVIDER}
        if model_id:
            self._known[names.MODEL] = model_id
        is_download = name == names.DOWNLOAD
        self._span = observer.start(
            f"{name} {model_id}" if model_id and name == names.JOB else name,
            observer.parent(request_id) if is_download else None,
            self._known,
        )
        self._remembered = not is_download
        self._context = trace.set_span_in_context(self._span)
        self._learn(request_id)

    @contextmanager
    def step(self, step: object) -> Iterator[Any]:
        """Wrap a step; yields the function that records its reply."""
        if not isinstance(step, (Send, Open)):
            self._note(step)
            yield self._take
            return
        # It is not made current: the driver abandons an interrupted flow without closing it in time.
        span = self._observer.start(
            "GET file" if isinstance(step, Open) else f"{step.call.method} {step.call.action}",
            self._context,
            self._call(step),
        )
        try:
            yield partial(_answer, span)
        finally:
            _harmless(span.end)()

    @_harmless
    def _note(self, step: object) -> None:
        """Record a status or a retry."""
        if isinstance(step, StatusReport):
            self._learn(step.request_id)
            self._report(step.status)
        elif isinstance(step, Sleep) and step.reason:
            self._retries += 1
            self._span.add_event(names.RETRY_EVENT, {"seconds": step.seconds})
            self._observer.retries.add(1, self._known)

    @_harmless
    def take_value(self, value: object) -> None:
        """A flow has ended with this value."""
        if isinstance(value, str):  # the id of a submit
            self._learn(value)
        elif isinstance(value, Status):
            self._span.set_attribute(names.STATE, value.state[:_LONGEST_STATE])
        cost = value.get("cost") if isinstance(value, dict) else None
        if isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < 1e9:
            self._span.set_attribute(names.COST, float(cost))
            self._observer.cost.add(float(cost), self._known)

    @_harmless
    def fail(self, error: BaseException) -> None:
        """Record the error that ended the flow, without its text, which may quote the prompt."""
        self._learn(getattr(error, "request_id", None))
        kind = type(error).__name__
        self.outcome = kind
        if isinstance(error, JobFailed):
            self.outcome = "failed"
        elif isinstance(error, JobCancelled):
            self.outcome = "cancelled"
        elif not isinstance(error, Exception):
            self.outcome = "interrupted"
        self._known[names.ERROR_TYPE] = kind
        self._span.set_attribute(names.ERROR_TYPE, kind)
        self._span.set_status(StatusCode.ERROR)

    @_harmless
    def end(self) -> None:
        """End the span."""
        now = monotonic()
        span = self._span
        span.set_attribute(names.OUTCOME, self.outcome)
        span.set_attribute(names.RETRIES, self._retries)
        if self._attempts:
            span.set_attribute(names.ATTEMPTS, self._attempts)
        if self._queued:
            span.set_attribute(names.QUEUE_SECONDS, (self._started or now) - self._began)
        if self._started is not None:
            span.set_attribute(names.RUN_SECONDS, now - self._started)
        span.end()
        self._observer.duration.record(now - self._began, self._known)

    @_harmless
    def _learn(self, request_id: str | None) -> None:
        if request_id:
            self._span.set_attribute(names.RESPONSE_ID, request_id)
            if self._remembered:
                self._observer.remember(request_id, self._span)

    def _report(self, status: Status) -> None:
        attributes: dict[str, Any] = {names.STATE: status.state[:_LONGEST_STATE]}
        if status.queue_position is not None:
            attributes[names.POSITION] = status.queue_position
            self._observer.positions.record(status.queue_position, self._known)
        self._span.add_event(names.STATUS_EVENT, attributes)
        if status.queue_position is not None or status.state.casefold() in _QUEUED:
            self._queued = True
        elif self._started is None:
            self._started = monotonic()

    def _call(self, step: Send | Open) -> dict[str, Any]:
        """The attributes of a call."""
        recorded = self._observer.record_content
        if isinstance(step, Open):
            return {names.METHOD: "GET", **({names.URL: step.url} if recorded else {})}
        call = step.call
        self._attempts += call.action == "submit"
        attributes: dict[str, Any] = {names.METHOD: call.method, names.ACTION: call.action}
        if recorded and call.body:
            attributes[names.BODY] = call.body[:_LONGEST].decode(errors="replace")
        return attributes

    @_harmless
    def _take(self, reply: object) -> None:
        if isinstance(reply, Drained):
            self._span.set_attribute(names.BYTES, reply.received)


@_harmless
def _answer(span: Span, reply: object) -> None:
    if isinstance(reply, (Response, Head)):
        span.set_attribute(names.STATUS_CODE, reply.status)
        if reply.status >= 400:  # an error, by HTTP
            span.set_attribute(names.ERROR_TYPE, str(reply.status))
            span.set_status(StatusCode.ERROR)
    elif isinstance(reply, Failure):
        span.set_attribute(names.ERROR_TYPE, reply.kind)
        span.set_status(StatusCode.ERROR)


@contextmanager
def attached(data: Mapping[str, str]) -> Iterator[None]:
    """The trace of ``carrier``, made current."""
    token = contexts.attach(extract(data))
    try:
        yield
    finally:
        contexts.detach(token)
