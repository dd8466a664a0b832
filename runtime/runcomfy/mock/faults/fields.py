"""Faults of single fields: ids, statuses, positions and outcomes that are missing, wrong or hostile."""

from __future__ import annotations

from typing import Any

from runcomfy.mock.raw_http import Reply
from runcomfy.mock.request_log import Action

from .base import READS, SUBMIT, Fault, Scene, edit, reshaped, says

__all__ = ["WORD_FAULTS"]

_STATUS: tuple[Action, ...] = ("status",)
_CANCEL: tuple[Action, ...] = ("cancel",)
_JOB: tuple[Action, ...] = ("submit", "status")


def _addresses_elsewhere(reply: Reply, scene: Scene) -> Reply:
    def change(document: dict[str, Any]) -> None:
        for name in ("status_url", "result_url", "cancel_url"):
            if name in document:
                document[name] = f"{scene.elsewhere}/{name}"

    return edit(reply, change)


WORD_FAULTS: tuple[Fault, ...] = (
    # What a submit says.
    Fault("missing_request_id", "no request id", SUBMIT, says(request_id=...)),
    Fault("null_request_id", "the request id is null", SUBMIT, says(request_id=None)),
    Fault("number_request_id", "the request id is a number", SUBMIT, says(request_id=12345)),
    Fault(
        "list_request_id",
        "the request id is a list",
        SUBMIT,
        reshaped(lambda one: one | {"request_id": [one.get("request_id")]}),
    ),
    Fault("empty_request_id", "the request id is empty", SUBMIT, says(request_id="")),
    Fault(
        "long_request_id",
        "the request id has 10,000 letters",
        SUBMIT,
        says(request_id="a" * 10_000),
    ),
    Fault("hostile_request_id", "the request id is ../../x", SUBMIT, says(request_id="../../x")),
    Fault(
        "encoded_request_id",
        "the request id is ..%2F..%2Fx",
        SUBMIT,
        says(request_id="..%2F..%2Fx"),
    ),
    Fault(
        "split_request_id",
        "the request id holds a line end and a header",
        SUBMIT,
        says(request_id="x\r\nX-Evil: 1"),
    ),
    Fault(
        "host_request_id",
        "the request id is @evil.example/x",
        SUBMIT,
        says(request_id="@evil.example/x"),
    ),
    Fault(
        "addresses_elsewhere",
        "status_url and its siblings point to another host",
        _JOB,
        _addresses_elsewhere,
    ),
    # What becomes of the job.
    Fault("job_fails", "the job fails", _JOB, lambda reply, _scene: reply, job={"ends": "failed"}),
    Fault(
        "job_fails_in_result",
        "completed in the queue, failed in the result",
        _JOB,
        lambda reply, _scene: reply,
        job={"result_says": "failed"},
    ),
    Fault(
        "job_is_cancelled",
        "the job is cancelled by another client",
        _JOB,
        lambda reply, _scene: reply,
        job={"ends": "cancelled"},
    ),
    Fault(
        "endless_queue",
        "the job never leaves the queue",
        _JOB,
        lambda reply, _scene: reply,
        job={"stuck": True},
        lasting=True,
    ),
    # What the status says.
    Fault(
        "unknown_status",
        "an undocumented status",
        _STATUS,
        says(status="Reticulating_Splines"),
    ),
    Fault("missing_status", "no status", READS, says(status=...)),
    Fault("null_status", "the status is null", READS, says(status=None)),
    Fault("number_status", "the status is a number", READS, says(status=7)),
    Fault(
        "shouted_status",
        "the status in capital letters",
        READS,
        reshaped(lambda one: one | {"status": str(one.get("status")).upper()}),
    ),
    Fault(
        "hostile_status",
        "the status holds control characters",
        _STATUS,
        says(status="in_queue\r\n\x1b[2J\u202e"),
    ),
    Fault(
        "early_completed",
        "the status is completed before the result is ready",
        _STATUS,
        says(status="completed"),
    ),
    Fault("text_position", "queue_position is a string", _STATUS, says(queue_position="many")),
    Fault("negative_position", "queue_position is -1", _STATUS, says(queue_position=-1)),
    Fault("huge_position", "queue_position is 10^30", _STATUS, says(queue_position=10**30)),
    Fault(
        "other_request",
        "the response is about another request",
        READS,
        says(request_id="somebody-elses"),
    ),
    # What a cancel says.
    Fault(
        "not_cancellable",
        "the outcome is not_cancellable",
        _CANCEL,
        says(outcome="not_cancellable", status="in_progress"),
        after=True,
    ),
    Fault(
        "cancellation_requested",
        "the outcome is cancellation_requested",
        _CANCEL,
        says(outcome="cancellation_requested", status="in_queue"),
    ),
    Fault(
        "unknown_outcome",
        "an undocumented outcome",
        _CANCEL,
        says(outcome="perhaps", status=...),
    ),
)
