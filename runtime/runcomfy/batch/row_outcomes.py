"""The outcome of a row: from an error, or from the entry of an earlier run; and the meaning of an error for the batch."""

from __future__ import annotations

from typing import cast

from runcomfy.errors import (
    AuthenticationFailed,
    BudgetReached,
    ConnectionFailed,
    DeadlineExceeded,
    InsufficientBalance,
    JobCancelled,
    JobFailed,
    JournalError,
    NotFound,
    PermissionDenied,
    RateLimited,
    RequestError,
    RunComfyError,
    SubmissionUnknown,
    ValidationError,
)

from .known_rows import Known
from .outcome import WAITING, BatchOutcome
from .rows import BatchRow
from .scheduler import Kind

__all__ = ["BatchPaused", "BatchStopped", "failed", "meaning_of", "recorded", "unwritten"]


class BatchStopped(RunComfyError):
    """The batch was stopped elsewhere, so no further submit is granted. Nothing was sent."""


class BatchPaused(RunComfyError):
    """The batch was paused, so no submit is granted until it continues. Nothing was sent."""


#: The meaning of an error for the batch, by the first matching class. The state is the row's; empty if the row is requeued.
_MEANINGS: tuple[tuple[type[RunComfyError], Kind, str], ...] = (
    (SubmissionUnknown, "error", "unknown"),
    (JobFailed, "error", "failed"),
    (JobCancelled, "error", "cancelled"),
    (NotFound, "error", "expired"),
    (RateLimited, "limited", ""),
    (InsufficientBalance, "balance", ""),
    (AuthenticationFailed, "token", ""),
    (PermissionDenied, "token", ""),
    (BudgetReached, "budget", ""),
    (DeadlineExceeded, "error", "submitted"),
    (ConnectionFailed, "unreachable", ""),
    (ValidationError, "error", "invalid"),
    (BatchStopped, "interrupt", ""),
    (BatchPaused, "paused", ""),
)


def meaning_of(error: RunComfyError) -> tuple[Kind, str]:
    """The meaning of an error for the batch, and the state of its row."""
    for kind_of_error, kind, state in _MEANINGS:
        if isinstance(error, kind_of_error):
            accepted = isinstance(error, RequestError) and error.request_id is not None
            if kind == "unreachable" and accepted:
                return "error", "submitted"  # the job continues, and the next run follows it
            return kind, state
    return "error", "not_sent"


def failed(row: BatchRow, state: str, error: Exception) -> BatchOutcome:
    """The outcome of a row that ended with this error."""
    text = error.message if isinstance(error, RequestError) else str(error)
    if isinstance(error, RequestError) and error.server_text:
        text = f"{text}: {error.server_text}"
    request_id = cast("str | None", getattr(error, "request_id", None))
    return BatchOutcome(row.number, row.key, state, request_id, error=text)


def unwritten(row: BatchRow, error: JournalError) -> BatchOutcome:
    """The outcome of a row whose claim, or whose request id, could not be written."""
    state = WAITING if error.request_id is None else "unknown"
    return BatchOutcome(row.number, row.key, state, error.request_id, error=str(error))


def recorded(row: BatchRow, known: Known) -> BatchOutcome:
    """The outcome of an entry that is already in the journal."""
    return BatchOutcome(
        row.number,
        row.key,
        known.state,
        known.request_id,
        known.cost,
        known.files,
        known.error,
        known.objects,
    )
