"""The scheduler: a flow without I/O that decides when each row starts.

The flow yields actions and receives events, with the time as a number, so a test simulates a whole batch by sending
replies. It limits the rate, requeues rows that were certainly not sent, and stops if continuing would waste money or break a limit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from .pace import Pace
from .rows import BatchRow

__all__ = [
    "Await",
    "Ended",
    "Event",
    "Feed",
    "ScheduleLimits",
    "Start",
    "Step",
    "Stop",
    "TimePassed",
    "reason_of",
    "schedule",
]

Kind: TypeAlias = Literal[
    "done",
    "error",
    "limited",
    "unreachable",
    "balance",
    "token",
    "budget",
    "not_sent",
    "interrupt",
    "paused",
]

#: Rows that could not be sent, one after another with no success between, before the service counts as down.
UNREACHABLE = 5
#: Seconds before a row that could not be sent is tried again, doubled with each failure up to a minute.
_BACK_OFF, _LONGEST_BACK_OFF = 1.0, 60.0
_REASONS = {
    "balance": "the account has insufficient credit",
    "token": "the service rejected the token",
    "budget": "the budget was reached",
    "error": "a row failed, and the batch stops on errors",
    "service": "the service cannot be reached",
    "requests": "the maximum number of submits was reached",
    "interrupt": "it was interrupted",
    "terminate": "it was terminated",
    "journal": "the journal cannot be written",
    "rows": "the rows cannot be read",
    "failure": "an unexpected error occurred",
}


@dataclass(frozen=True, slots=True)
class Start:
    """Run this row."""

    row: BatchRow


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for an event, at most until ``until``."""

    until: float | None = None


Step: TypeAlias = Start | Await


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Only time has passed."""

    now: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A started row has ended, or was certainly not sent. ``retry_after`` is in seconds."""

    now: float
    row: BatchRow
    kind: Kind
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Start no further row.

    ``paused`` says whether rows may start again later; ``None`` leaves that open.
    """

    now: float
    reason: str = "interrupt"
    paused: bool | None = None


Event: TypeAlias = TimePassed | Ended | Stop


class Feed(Protocol):
    """The source of rows. ``pop`` returns ``None`` while the next row is being read."""

    def pop(self) -> BatchRow | None:
        """The next row, if there is one ready."""
        ...

    @property
    def ended(self) -> bool:
        """Whether there will be no further row."""
        ...


@dataclass(slots=True)
class ScheduleLimits:
    """The limits of a batch: rows in flight, submits per second, total requests."""

    jobs: int
    rate: float | None = None
    requests: int | None = None
    stop_on_error: bool = False


@dataclass(slots=True)
class _State:
    limits: ScheduleLimits
    pace: Pace
    running: int = 0
    started: int = 0
    paused: bool = False
    stopped: str = ""
    requeued: deque[BatchRow] = field(default_factory=deque)
    unreachable: int = 0
    #: The budget had no room for a row; those in flight may cost less than is reserved for them.
    full: bool = False

    def hear(self, event: Event) -> float:
        """Record an event; returns its time."""
        if isinstance(event, Ended):
            self.running -= 1
            self._ended(event)
        elif isinstance(event, Stop):
            if event.paused is not None:
                self.paused = event.paused
            else:
                self.stopped = self.stopped or event.reason
        return event.now

    def _ended(self, event: Ended) -> None:
        kind = event.kind
        if kind in ("done", "error"):
            self.unreachable, self.full = 0, False
            self.pace.succeeded()
            if kind == "error" and self.limits.stop_on_error:
                self.stopped = self.stopped or "error"
        elif kind == "limited":
            self.pace.limited(event.now, event.retry_after)
            self._again(event.row)
        elif kind == "unreachable":
            self.unreachable += 1
            if self.unreachable >= UNREACHABLE:
                self.stopped = self.stopped or "service"
            wait = min(_BACK_OFF * 2 ** (self.unreachable - 1), _LONGEST_BACK_OFF)
            self.pace.wait_until(event.now + (event.retry_after or wait))
            self._again(event.row)
        elif kind == "budget" and self.running:
            self.full = True
            self._again(event.row)
        elif kind == "paused":
            self._again(event.row)
        elif kind != "not_sent":
            self.stopped = self.stopped or kind
            self.requeued.append(event.row)

    def _again(self, row: BatchRow) -> None:
        self.started -= 1
        self.requeued.append(row)


def schedule(
    feed: Feed, limits: ScheduleLimits, now: float
) -> Generator[Step, Event, tuple[str, str, list[BatchRow]]]:
    """Start the rows. The flow returns why it stopped (``""`` at the end), in words, and the rows that it put back.

    >>> flow = schedule(feed, Limits(jobs=2), now=0.0)
    >>> next(flow)
    Start(row=…)
    """
    state = _State(limits, Pace(limits.rate))
    while True:
        over = state.stopped or (feed.ended and not state.requeued)
        if over and not state.running:
            break
        if limits.requests is not None and state.started >= limits.requests and not over:
            state.stopped = "requests"
            continue
        if over or state.paused or state.full or state.running >= limits.jobs:
            now = state.hear((yield Await()))
        elif now < state.pace.not_before:
            now = state.hear((yield Await(state.pace.not_before)))
        elif (row := state.requeued.popleft() if state.requeued else feed.pop()) is None:
            if not feed.ended:  # the next rows are being read
                now = state.hear((yield Await()))
        else:
            state.running += 1
            state.started += 1
            state.pace.start(now)
            now = state.hear((yield Start(row)))
    return state.stopped, reason_of(state.stopped), [*state.requeued]


def reason_of(stopped: str) -> str:
    """Why a batch stopped, in words."""
    return _REASONS.get(stopped, stopped)
