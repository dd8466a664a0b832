"""``MockJob``: one accepted request, and how it moves from the queue to its end."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from .settings import Settings

__all__ = ["ENDED", "MockJob", "advance", "cancel", "queue_position"]

ENDED = frozenset({"completed", "failed", "cancelled"})

#: The place in the queue that a request starts at when it moves on with the time.
_FIRST_PLACE = 3


@dataclass(slots=True)
class MockJob:
    """One accepted request. ``entered`` is when it came into its state, ``polls`` the questions since."""

    request_id: str
    model_id: str
    payload: dict[str, Any]
    created: float
    cost: float
    state: str = "in_queue"
    entered: float = 0.0
    polls: int = 0
    finished: float | None = None
    #: Its final state, and the state in its result if that differs.
    ends: str = "completed"
    result_says: str | None = None
    #: Whether it never changes its state.
    stuck: bool = False


def advance(
    job: MockJob, settings: Settings, now: float, *, polled: bool = False, room: bool = True
) -> None:
    """Advance the job by time or polls. ``room``: whether another job may run."""
    if settings.timed:
        _advance_by_time(job, settings, now, room)
    else:
        _advance_by_polls(job, settings, now, room)
    job.polls += polled


def _advance_by_polls(job: MockJob, settings: Settings, now: float, room: bool) -> None:
    # A job leaves its state with the poll after the last one that reports that state.
    if job.stuck:
        return
    if job.state == "in_queue" and room and job.polls >= settings.polls_in_queue:
        _enter(job, "in_progress", now)
    if job.state == "in_progress" and job.polls >= settings.polls_running:
        _enter(job, job.ends, now)


def _advance_by_time(job: MockJob, settings: Settings, now: float, room: bool) -> None:
    if job.stuck:
        return
    queued, running = settings.queue_seconds or 0.0, settings.run_seconds or 0.0
    if job.state == "in_queue" and room and now >= job.entered + queued:
        # With a limit on running jobs, a job starts when someone finds room for it.
        _enter(job, "in_progress", job.entered + queued if settings.concurrency is None else now)
    if job.state == "in_progress" and now >= job.entered + running:
        _enter(job, job.ends, job.entered + running)


def _enter(job: MockJob, state: str, when: float) -> None:
    job.state, job.entered, job.polls = state, when, 0
    if state in ENDED:
        job.finished = when


def cancel(job: MockJob, now: float) -> bool:
    """Cancel the job if it is in the queue; whether it was."""
    if job.state != "in_queue":
        return False
    _enter(job, "cancelled", now)
    return True


def queue_position(job: MockJob, settings: Settings, now: float, ahead: int) -> int:
    """The place in the queue, at least 1, counting down. ``ahead``: queued jobs that came before.

    Asked after the poll was counted.
    """
    if settings.timed:
        whole = settings.queue_seconds or 0.0
        left = job.entered + whole - now
        own = ceil(_FIRST_PLACE * left / whole) if whole > 0 else 1
    else:
        own = settings.polls_in_queue - job.polls + 1
    return max(own, ahead + 1, 1)
