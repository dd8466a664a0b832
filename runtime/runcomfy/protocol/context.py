"""``CallContext``: the state of a running flow: time, deadline, ids, policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any, TypeVar

from runcomfy.errors import DeadlineExceeded, RequestError
from runcomfy.redaction import Redactor
from runcomfy.status import Status, phase

from .lost_submit import ids_named, may_be_accepted
from .responses import (
    ErrorResponse,
    JsonDocument,
    error_for,
    is_not_found,
    read,
)
from .retries import MAY_BE_ACCEPTED, Polling, Retries
from .steps import Call, Failure, Flow, Response, Send, Sleep, StatusReport, Tick
from .urls import check_request_id

__all__ = ["CallContext", "RecentChanges"]

#: The number of requests whose last change is remembered.
_REMEMBERED = 4096

_ErrorT = TypeVar("_ErrorT", bound=RequestError)


class RecentChanges:
    """When requests were last accepted, or ended, by request id. Threads may share it.

    A replicated service may return HTTP 404 for a moment after such a change.
    """

    def __init__(self) -> None:
        self._times: dict[str, float] = {}

    def note(self, request_id: str | None, now: float) -> None:
        """Record a change."""
        if request_id is None:
            return
        self._times[request_id] = now
        if len(self._times) > _REMEMBERED:
            for oldest in list(self._times)[: _REMEMBERED // 2]:
                self._times.pop(oldest, None)

    def age(self, request_id: str | None, now: float) -> float | None:
        """Seconds since the last change; ``None`` if there was none."""
        at = self._times.get(request_id or "")
        return None if at is None else now - at


@dataclass(slots=True)
class CallContext:
    """The state of one flow.

    Clock and chance are inputs: ``now`` is the reading at the start, every reply brings a new one, and
    ``chances`` are numbers from 0 to 1 for the jitter.

    >>> flow = watch(CallContext(now=0.0, deadline=60.0, request_id="r1"))
    >>> next(flow)
    Send(call=Call(action='read', method='GET', path='/v1/requests/r1/status'), timeout=60.0)
    """

    now: float = 0.0
    deadline: float | None = None
    request_id: str | None = None
    model_id: str | None = None
    polling: Polling = field(default_factory=Polling)
    retries: Retries = field(default_factory=Retries)
    chances: Iterator[float] = field(default_factory=lambda: repeat(0.5))
    redact: Redactor = field(default_factory=Redactor)
    #: The status that was reported last, and the time at which it changed.
    seen: Status | None = None
    since: float = 0.0
    #: Shared by all calls of a client.
    changes: RecentChanges = field(default_factory=RecentChanges, repr=False)
    _start: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._start = self.now

    @property
    def remaining(self) -> float | None:
        """Seconds to the deadline; ``None`` without one."""
        return None if self.deadline is None else self.deadline - self.now

    def exchange(self, call: Call) -> Flow[JsonDocument]:
        """Make the call, with retries, until it returns a document or the policy or deadline ends it."""
        attempt = 0
        error: RequestError | None = None
        while True:
            outcome = read((yield from self._send(call, error)), self.redact)
            if isinstance(outcome, JsonDocument):
                return outcome
            if call.action == "submit":
                outcome = self._doubt(outcome)
            elif self._may_appear(outcome):
                outcome = replace(outcome, kind="not visible yet")
            error = error_for(outcome, call, self.request_id, self.model_id)
            if not self.retries.repeats(call.action, outcome.kind, attempt):
                raise error
            pause = self.retries.pause(attempt, outcome.retry_after, next(self.chances))
            if call.action == "submit":
                self._require_time(pause, error)
            yield from self.rest(pause, error)
            attempt += 1

    def rest(self, seconds: float, because: RequestError | None = None) -> Flow[None]:
        """Sleep, or raise if the deadline comes first."""
        remaining = self.remaining
        if remaining is not None and seconds >= remaining:
            raise self._out_of_time(because, seconds=seconds) from because
        tick: Tick = yield Sleep(seconds, because.message if because else "")
        self.now = tick.now

    def until_next_poll(self, asked: float | None) -> Flow[None]:
        """Sleep for the poll interval; the last poll is shortly before the deadline."""
        position = self.seen.queue_position if self.seen else None
        pause = self.polling.pause(self.now - self.since, position, asked, next(self.chances))
        remaining = self.remaining
        if remaining is not None and not asked and pause >= remaining > self.polling.floor:
            pause = remaining - self.polling.floor
        yield from self.rest(pause)

    def report(self, status: Status) -> Flow[None]:
        """Report the status if it has changed."""
        before, self.seen = self.seen, status
        if before and (before.state, before.queue_position) == (
            status.state,
            status.queue_position,
        ):
            return
        self.since = self.now
        if status.request_id != self.request_id:
            status = replace(status, request_id=self.request_id)
        tick: Tick = yield StatusReport(self.request_id or "", status)
        self.now = tick.now

    def _doubt(self, problem: ErrorResponse) -> ErrorResponse:
        """The error of a submit; one that may have been accepted is not retried and keeps its id."""
        if may_be_accepted(problem):
            for named in ids_named(problem):
                self.learn(named)
            if problem.kind not in MAY_BE_ACCEPTED:
                return replace(problem, kind="contradictory")
        return problem

    def _may_appear(self, problem: ErrorResponse) -> bool:
        """Whether HTTP 404 may be due to the service's eventual consistency."""
        age = self.changes.age(self.request_id, self.now)
        return age is not None and age < self.retries.visible_after and is_not_found(problem)

    def _require_time(self, pause: float, error: RequestError) -> None:
        """Raise the error of a submit whose next attempt would be after the deadline."""
        remaining = self.remaining
        if remaining is not None and pause >= remaining:
            error.message += (
                f"; gave up after {self.now - self._start:.1f} s, because the next attempt would be "
                f"{pause:.1f} s later and the timeout leaves {max(remaining, 0.0):.1f} s"
            )
            error.args = (error.message,)
            raise error

    def learn(self, request_id: object) -> None:
        """Keep the service's request id, if it is valid, the first one, and does not hold the token."""
        if self.request_id is None and request_id is not None:
            try:
                found = check_request_id(request_id)
            except ValueError:
                return
            if self.redact.hide(found) == found:
                self.request_id = found

    def error(self, kind: type[_ErrorT], message: str, **details: Any) -> _ErrorT:
        """Create an error with the ids of this flow."""
        return kind(message, request_id=self.request_id, model_id=self.model_id, **details)

    def _send(self, call: Call, because: RequestError | None) -> Flow[Response | Failure]:
        remaining = self.remaining
        if remaining is not None and remaining <= 0:
            if because and call.action == "submit":
                self._require_time(0.0, because)
            raise self._out_of_time(
                because, "; nothing was submitted" if call.action == "submit" else ""
            ) from because
        reply: Response | Failure = yield Send(call, remaining)
        self.now = reply.now
        return reply

    def _out_of_time(
        self, because: RequestError | None, more: str = "", *, seconds: float = 0.0
    ) -> DeadlineExceeded:
        remaining = self.remaining or 0.0
        message = f"the call timed out after {self.now - self._start:.1f} s{more}"
        if remaining > 0:
            message = (
                f"the timeout of the call leaves {remaining:.1f} s, and the next attempt would be in "
                f"{seconds:.1f} s{more}"
            )
        if self.seen:
            message += f"; the last known status is {self.redact(self.seen.state)!r}"
        details: dict[str, Any] = {}
        if because:
            message += f"; the last attempt failed: {because.message}"
            names = ("status", "error_code", "server_text", "retry_after", "raw")
            details = {name: getattr(because, name) for name in names}
        error = self.error(DeadlineExceeded, message, **details)
        if self.seen and phase(self.seen.state) != "running":
            error._advice = "To see its outcome:"
        return error
