"""The response documents of the service."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from runcomfy.model.violation import Violation

from .jobs import MockJob
from .settings import Settings

__all__ = [
    "ERRORS",
    "cancelled",
    "error",
    "output_is_due",
    "refused",
    "result",
    "status",
    "submitted",
]

#: error_code -> its message and HTTP status.
ERRORS: dict[int, tuple[int, str]] = {
    400001: (400, "invalid resource identifier"),
    400002: (400, "insufficient balance"),
    400004: (400, "invalid or missing token"),
    400005: (400, "the result is not ready"),
    403001: (403, "permission denied"),
    404001: (404, "not found"),
    413001: (413, "the body is too large"),
    422001: (422, "invalid inputs"),
}


def submitted(job: MockJob, base: str) -> dict[str, Any]:
    """The response to a submit."""
    return {"request_id": job.request_id, **_addresses(job, base, "status", "result", "cancel")}


def status(job: MockJob, place: int | None, base: str, settings: Settings) -> dict[str, Any]:
    """The response to a poll. ``place``: the position in the queue."""
    document: dict[str, Any] = {
        "request_id": job.request_id,
        "status": settings.words.get(job.state, job.state),
        **_addresses(job, base, "status", "result"),
    }
    if place is not None:
        document["queue_position"] = place
    if job.state == "in_progress":
        document["instance_id"] = f"mock-{job.request_id[:8]}"
    return document


def result(job: MockJob, output: Any, with_cost: bool, settings: Settings) -> dict[str, Any]:
    """The response to a result request, before and after the end."""
    state = _reported_state(job)
    document: dict[str, Any] = {
        "request_id": job.request_id,
        "model_id": job.model_id,
        "status": settings.result_words.get(state, state),
        "created_at": _moment(job.created),
    }
    if job.finished is not None:
        document["finished_at"] = _moment(job.finished)
    if state == "completed":
        document["output"] = output
    if state == "failed":
        document["error"] = {"message": "the mock service was configured to fail this request"}
    if with_cost and job.state != "cancelled":
        document["cost"] = job.cost
    return document


def cancelled(job: MockJob, granted: bool, settings: Settings) -> dict[str, Any]:
    """The response to a cancel."""
    return {
        "request_id": job.request_id,
        "status": settings.words.get(job.state, job.state),
        "outcome": "cancelled" if granted else "not_cancellable",
    }


def error(code: int, message: str | None = None, detail: Any = None) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the document of an error."""
    http, words = ERRORS[code]
    document: dict[str, Any] = {"error_code": code, "error_message": message or words}
    if detail is not None:
        document["detail"] = detail
    return http, document


def refused(model_id: str, violations: Iterable[Violation]) -> tuple[int, dict[str, Any]]:
    """The response to a submit whose inputs violate the model's schema: pointer, rule and limit."""
    detail = [violation.as_dict() for violation in violations]
    count = f"{len(detail)} violation{'' if len(detail) == 1 else 's'}"
    return error(422001, f"invalid inputs for {model_id}: {count} of its input schema", detail)


def output_is_due(job: MockJob) -> bool:
    """Whether the job's result has an output."""
    return _reported_state(job) == "completed"


def _reported_state(job: MockJob) -> str:
    """The state in the result: its own one, if it has one and the job has ended."""
    return job.result_says if job.result_says and job.finished is not None else job.state


def _addresses(job: MockJob, base: str, *tails: str) -> dict[str, str]:
    return {f"{tail}_url": f"{base}/v1/requests/{job.request_id}/{tail}" for tail in tails}


def _moment(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
