"""``Status``: the state of a request; ``Cancellation``: the outcome of a cancel call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["Cancellation", "Phase", "Status", "phase"]


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a request. ``state`` is the service's own word, as received.

    ``queue_position`` is set while the request is queued, if the service reports it. ``raw`` is the complete
    response. ``request_id`` is the service's id of the request.
    """

    state: str
    queue_position: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    request_id: str | None = field(default=None, compare=False)

    @property
    def phase(self) -> str:
        """The word's meaning: ``running``, ``succeeded``, ``failed`` or ``cancelled``."""
        return phase(self.state)

    @classmethod
    def from_answer(cls, raw: Mapping[str, Any], state: str = "unknown") -> Status:
        """The status in a response; ``state`` is the fallback."""
        given = raw.get("status")
        position = raw.get("queue_position")
        request_id = raw.get("request_id")
        return cls(
            given if isinstance(given, str) and given else state,
            position if type(position) is int else None,
            raw,
            request_id if isinstance(request_id, str) else None,
        )


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The outcome of a cancel call. Only queued requests can be cancelled.

    ``outcome`` is the service's own word: ``cancelled``, ``not_cancellable``,
    ``cancellation_requested``.
    """

    outcome: str
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def cancelled(self) -> bool:
        """Whether the request is cancelled.

        Its status counts as well: a request that is cancelled already is "not_cancellable".
        """
        return "cancelled" in (phase(self.outcome), phase(self.raw.get("status")))

    @classmethod
    def from_answer(cls, raw: Mapping[str, Any]) -> Cancellation:
        """The cancellation in a response, by its outcome or else its status."""
        words = (raw.get("outcome"), raw.get("status"))
        return cls(next((word for word in words if isinstance(word, str) and word), "unknown"), raw)


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
    """The phase of a status string; an unknown one is "running".

    >>> phase("COMPLETED"), phase("warming_up")
    ('succeeded', 'running')
    """
    return _PHASES.get(state.strip().casefold(), "running") if isinstance(state, str) else "running"
