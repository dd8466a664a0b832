"""Whether a failed submit may have been accepted, and therefore billed.

Only a submit that was certainly not accepted is retried, or reported as not submitted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from runcomfy.status import _PHASES

from .responses import CODES, WORDS, ErrorResponse
from .retries import MAY_BE_ACCEPTED
from .urls import request_in

__all__ = ["ids_named", "may_be_accepted"]

#: Other names of a request id than ``request_id``.
_OTHER_IDS = ("id", "requestId", "job_id", "task_id")
#: States of an accepted request that the service does not use, but a proxy or a later version may.
_ACCEPTED = frozenset({"accepted", "submitted", "created", "running"})
#: Values of ``status`` in an error that describe the call itself, not a request.
_FAILED = frozenset(
    {"error", "errors", "fail", "failed", "failure", "rejected", "cancelled", "canceled"}
)
#: Members that may hold the state of a request.
_STATES = ("status", "state", "phase", "job_status", "task_status")
#: The id in a text that is not JSON as a whole.
_ID = re.compile(r'"request_id"\s*:\s*"([A-Za-z0-9_-]{1,128})"')
#: A part of every URL of a request.
_REQUESTS = "/v1/requests/"
#: The number of objects of an error that are examined on each level, and the number of levels.
_MOST_OBJECTS = 100
_DEEPEST = 4


def may_be_accepted(problem: ErrorResponse) -> bool:
    """Whether a submit with this error response may have been accepted nevertheless."""
    if problem.kind in MAY_BE_ACCEPTED or problem.located:
        return True
    if problem.status is None:
        return False
    if 200 <= problem.status < 300:
        return problem.kind == "rate limited" or bool(problem.request_id)
    return _names_a_request(problem)


def ids_named(problem: ErrorResponse) -> Iterator[object]:
    """The values that may be the id of the request, best first."""
    parts = list(_objects_in(problem.raw))
    described = [part for part in parts if _describes_a_request(part)]
    yield from (part.get("request_id") for part in described)
    yield problem.located
    for part in described:
        yield from (request_in(value) for value in part.values() if isinstance(value, str))
    yield request_in(problem.text)
    yield problem.request_id
    yield from (part.get("request_id") for part in parts)
    if problem.raw is None:  # no JSON, or cut
        yield from _ID.findall(problem.text)


def _names_a_request(problem: ErrorResponse) -> bool:
    """Whether an error describes an existing request. An id alone may be a trace id."""
    raw = problem.raw
    if raw is None and problem.kind == "rate limited":  # no JSON, or cut
        return _REQUESTS in problem.text or "request_id" in problem.text
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
    texts = {name: value for name, value in part.items() if isinstance(value, str)}
    if any(_REQUESTS in value for value in texts.values()):
        return True
    states = [texts[name].strip().casefold() for name in _STATES if name in texts]
    if part.get("request_id"):
        return any(state and state not in _FAILED for state in states)
    # Under any other name, the id may be the error's own, unless a request state stands next to it.
    has_id = any(part.get(name) for name in _OTHER_IDS)
    return has_id and any(
        state in _ACCEPTED or _PHASES.get(state) in ("running", "succeeded") for state in states
    )


def _objects_in(raw: Any) -> Iterator[dict[str, Any]]:
    """The objects of an error response, the outer ones first."""
    level = [raw]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for part in level:
            if isinstance(part, dict):
                yield part
                inner += part.values()
            elif isinstance(part, list):
                inner += part[:_MOST_OBJECTS]
        level = [part for part in inner if isinstance(part, (dict, list))][:_MOST_OBJECTS]
