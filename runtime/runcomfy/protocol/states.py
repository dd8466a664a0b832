"""What the status strings of the service mean."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

__all__ = ["Phase", "phase", "verdict"]

Phase: TypeAlias = Literal["running", "succeeded", "failed", "cancelled"]

_PHASES: dict[str, Phase] = {
    "in_queue": "running",
    "in_progress": "running",
    "pending": "running",
    "queued": "running",
    "waiting": "running",
    "starting": "running",
    "processing": "running",
    "completed": "succeeded",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}


def phase(state: object) -> Phase:
    """The phase that a status string stands for. One that nobody has seen before is "running".

    >>> phase("COMPLETED"), phase("warming_up")
    ('succeeded', 'running')
    """
    return _PHASES.get(state.strip().casefold(), "running") if isinstance(state, str) else "running"


def verdict(document: dict[str, Any], *, queue: Phase = "running") -> Phase:
    """How the request ended, as its result says; ``queue`` is what the queue says.

    The result decides. Where it has no status that is known, its output counts, then its error, then
    the queue.
    """
    state = document.get("status")
    if isinstance(state, str) and state.strip().casefold() in _PHASES:
        return phase(state)
    if isinstance(state, str) and queue == "running":
        return "running"  # a status that nobody has seen before
    if document.get("output") is not None:
        return "succeeded"
    if document.get("error"):
        return "failed"
    return "running" if isinstance(state, str) and queue == "succeeded" else queue
