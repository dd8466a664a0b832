"""The order, pace and end of a batch, played by sending replies: no client, no clock, no files."""

from __future__ import annotations

from collections import deque

import pytest

from runcomfy.batch.rows import BatchRow
from runcomfy.batch.scheduler import (
    UNREACHABLE,
    Await,
    Ended,
    Event,
    Kind,
    ScheduleLimits,
    Start,
    Stop,
    TimePassed,
    schedule,
)


class Rows:
    """A feed of so many rows, all ready unless some are still being read."""

    def __init__(self, count: int, ready: bool = True) -> None:
        self.left = deque(BatchRow(n, n + 1, f"k{n}", {}) for n in range(count))
        self.ready = ready

    def pop(self) -> BatchRow | None:
        return self.left.popleft() if self.ready and self.left else None

    @property
    def ended(self) -> bool:
        return not self.left


class Play:
    """A batch in which time passes only when the flow waits."""

    def __init__(self, rows: int | Rows, **limits: object) -> None:
        settings = {"jobs": 2, **limits}
        feed = Rows(rows) if isinstance(rows, int) else rows
        self.now = 0.0
        self.flow = schedule(feed, ScheduleLimits(**settings), self.now)  # type: ignore[arg-type]  # of several types
        self.step = next(self.flow)
        self.running: list[BatchRow] = []
        #: When each row was started, in order.
        self.starts: list[tuple[float, str]] = []
        self.end: tuple[str, str, list[BatchRow]] | None = None
        self._start()

    def _start(self) -> None:
        while self.end is None and isinstance(self.step, Start):
            self.running.append(self.step.row)
            self.starts.append((self.now, self.step.row.key))
            self.send(TimePassed(self.now), settle=False)

    def send(self, event: Event, settle: bool = True) -> None:
        try:
            self.step = self.flow.send(event)
        except StopIteration as end:
            self.end = end.value
        if settle:
            self._start()

    def ends(self, kind: Kind = "done", retry_after: float | None = None) -> None:
        """The row that runs longest ends."""
        self.send(Ended(self.now, self.running.pop(0), kind, retry_after))

    def wait(self) -> None:
        """Time passes until the flow wants to go on."""
        assert isinstance(self.step, Await)
        assert self.step.until is not None
        self.now = self.step.until
        self.send(TimePassed(self.now))

    @property
    def over(self) -> bool:
        return self.end is not None

    @property
    def stopped(self) -> str:
        assert self.end is not None
        return self.end[0]


def test_rows_start_in_order_and_no_more_than_the_limit() -> None:
    play = Play(5, jobs=2)
    assert [row.key for row in play.running] == ["k0", "k1"]
    play.ends()
    assert [row.key for row in play.running] == ["k1", "k2"]


def test_a_batch_ends_when_its_last_row_has() -> None:
    play = Play(2)
    play.ends()
    assert not play.over
    play.ends("error")
    assert play.end == ("", "", [])


def test_no_rows_end_at_once() -> None:
    flow = schedule(Rows(0), ScheduleLimits(jobs=1), 0.0)
    with pytest.raises(StopIteration) as end:
        next(flow)
    assert end.value.value == ("", "", [])


def test_a_rate_spaces_the_starts() -> None:
    play = Play(3, jobs=9, rate=2)
    play.wait()
    play.wait()
    assert [when for when, _ in play.starts] == [0.0, 0.5, 1.0]


def test_a_rate_limit_puts_the_row_back_and_waits_as_long_as_the_service_asks() -> None:
    play = Play(3, jobs=1)
    play.ends("limited", retry_after=7.0)
    play.wait()
    assert play.starts == [(0.0, "k0"), (7.0, "k0")]


def test_rate_limits_slow_the_pace_and_successes_bring_it_back() -> None:
    play = Play(400, jobs=1)
    for _ in range(4):
        play.ends("limited")
        play.wait()
    gaps = []
    for _ in range(60):
        before = play.now
        play.ends()
        if not play.running:
            play.wait()
        gaps.append(play.now - before)
    assert gaps[0] > 1.5
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] == 0.0


def test_a_row_that_cannot_be_sent_is_tried_again_later() -> None:
    play = Play(1, jobs=1)
    play.ends("unreachable")
    play.wait()
    assert play.starts == [(0.0, "k0"), (1.0, "k0")]


def test_a_service_that_stays_away_ends_the_batch() -> None:
    play = Play(50, jobs=1)
    for _ in range(UNREACHABLE - 1):
        play.ends("unreachable")
        play.wait()
    play.ends("unreachable")
    assert play.stopped == "service"
    assert play.end is not None
    assert [row.key for row in play.end[2]] == ["k0"]


def test_a_success_between_failures_means_that_the_service_is_there() -> None:
    play = Play(50, jobs=1)
    for _ in range(3 * UNREACHABLE):
        play.ends("unreachable")
        play.wait()
        play.ends()
    assert not play.over


@pytest.mark.parametrize("kind", ["balance", "token"])
def test_what_stops_all_rows_lets_those_in_flight_end(kind: Kind) -> None:
    play = Play(9, jobs=3)
    play.ends(kind)
    assert len(play.starts) == 3
    play.ends()
    assert not play.over
    play.ends()
    assert play.stopped == kind
    assert play.end is not None
    assert [row.key for row in play.end[2]] == ["k0"]


def test_an_error_stops_only_where_that_is_wanted() -> None:
    play = Play(3, jobs=1)
    play.ends("error")
    assert play.starts[-1][1] == "k1"
    play = Play(3, jobs=1, stop_on_error=True)
    play.ends("error")
    assert play.stopped == "error"


def test_the_number_of_requests_can_be_bounded() -> None:
    play = Play(9, jobs=2, requests=3)
    play.ends("limited", retry_after=0.0)  # it was not sent, so it does not count
    while not play.over:
        play.ends() if play.running else play.wait()
    assert play.stopped == "requests"
    assert len(play.starts) == 4


def test_a_stop_starts_nothing_more_and_a_pause_continues() -> None:
    play = Play(9, jobs=1)
    play.send(Stop(play.now, paused=True))
    play.ends()
    assert len(play.starts) == 1
    play.send(Stop(play.now, paused=False))
    assert len(play.starts) == 2
    play.send(Stop(play.now, "interrupt"))
    play.ends()
    assert (play.stopped, len(play.starts)) == ("interrupt", 2)


def test_rows_that_are_still_being_read_are_waited_for() -> None:
    rows = Rows(2, ready=False)
    play = Play(rows, jobs=2)
    assert play.step == Await()
    rows.ready = True
    play.send(TimePassed(play.now))
    assert [key for _, key in play.starts] == ["k0", "k1"]


def test_a_budget_that_is_full_waits_for_what_is_in_flight_and_may_leave_room() -> None:
    play = Play(9, jobs=3)
    play.send(Ended(play.now, play.running.pop(), "budget"))
    assert [row.key for row in play.running] == ["k0", "k1"]
    play.ends()
    assert [row.key for row in play.running] == ["k1", "k2", "k3"]
    while play.running:
        play.ends("budget")
    assert play.stopped == "budget"
