"""Whether a failed submit may have been accepted, and therefore billed.

Only a submit that was certainly not accepted is retried, or reported as not submitted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runcomfy.status import _PHASES

from .responses import CODES, WORDS, ErrorResponse
from .retries import MAY_BE_ACCEPTED

__all__ = ["may_be_accepted"]

#: Other names of a request id than ``request_id``.
_OTHER_IDS = ("id", "requestId", "job_id", "task_id")
#: States of an accepted request that the service does not use, but a proxy or a later version may.
_ACCEPTED = frozenset({"accepted", "submitted", "created", "running"})
#: Values of ``status`` in an error that describe the call itself, not a request.
_FAILED = frozenset(
    {"error", "errors", "fail", "failed", "failure", "rejected", "cancelled", "canceled"}
)
#: The number of items of a list that are examined.
_MOST_OBJECTS = 100


def may_be_accepted(problem: ErrorResponse) -> bool:
    """Whether a submit with this error response may have been accepted nevertheless."""
    if problem.kind in MAY_BE_ACCEPTED:
        return True
    if problem.status is None:
        return False
    if 200 <= problem.status < 300:
        return problem.kind == "rate limited" or bool(problem.request_id)
    return _names_a_request(problem)


def _names_a_request(problem: ErrorResponse) -> bool:
    """Whether an error describes an existing request. An id alone may be a trace id."""
    raw = problem.raw
    if any(map(_describes_a_request, _objects_in(raw))):
        return True
    # Nothing but the id: this would be the response to an accepted submit, if it were not for its HTTP status.
    if problem.kind != "rate limited" or not isinstance(raw, dict):
        return False
    has_error = any(raw.get(name) for name in (*WORDS, *CODES))
    return isinstance(raw.get("request_id"), str) and not has_error


def _describes_a_request(part: dict[str, Any]) -> bool:
    """Whether an object has the URLs of a request, or an id together with the state of a request."""
    if any(part.get(f"{name}_url") for name in ("status", "result", "cancel")):
        return True
    state = part.get("status")
    state = state.strip().casefold() if isinstance(state, str) else ""
    if part.get("request_id"):
        return bool(state) and state not in _FAILED
    # Under any other name, the id may be the error's own, unless a request state stands next to it.
    has_id = any(part.get(name) for name in _OTHER_IDS)
    return has_id and (state in _ACCEPTED or _PHASES.get(state) in ("running", "succeeded"))


def _objects_in(raw: Any) -> Iterator[dict[str, Any]]:
    """The objects of an error response: the document or its items, and their direct members."""
    outer = raw if isinstance(raw, list) else [raw]
    for one in outer[:_MOST_OBJECTS]:
        if isinstance(one, dict):
            yield one
            yield from (value for value in one.values() if isinstance(value, dict))
