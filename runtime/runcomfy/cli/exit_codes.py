"""The exit statuses of both commands, after sysexits.h, and which error ends with which.

It imports nothing, so that any command can read it.
"""

from __future__ import annotations

__all__ = [
    "BAD_DATA",
    "BROKEN_PIPE",
    "BUDGET",
    "CANNOT_WRITE",
    "DONE",
    "FAILED",
    "INTERNAL",
    "INTERRUPTED",
    "MEANINGS",
    "MISUSE",
    "NOT_ALLOWED",
    "TERMINATED",
    "TRY_LATER",
    "UNAVAILABLE",
    "UNKNOWN",
    "status_of",
    "worst",
]

DONE = 0
FAILED = 1
MISUSE = 64
BAD_DATA = 65
UNAVAILABLE = 69
INTERNAL = 70
CANNOT_WRITE = 73
TRY_LATER = 75
UNKNOWN = 76
NOT_ALLOWED = 77
BUDGET = 78
INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143

#: What each status means; docs/exit-statuses.md repeats it, and a test holds the two together.
MEANINGS: dict[int, str] = {
    DONE: "done",
    FAILED: "a job failed or was cancelled, a batch has failed or invalid rows, drift, or a breaking difference",
    MISUSE: "usage error",
    BAD_DATA: "invalid data: a refused payload, page or schema, a key conflict, an unknown request id",
    UNAVAILABLE: "the service is unavailable",
    INTERNAL: "an internal error",
    CANNOT_WRITE: "a file cannot be written or downloaded; the service keeps a paid job",
    TRY_LATER: "try again later; nothing was sent",
    UNKNOWN: "outcome unknown: check before you submit again",
    NOT_ALLOWED: "no token, no permission, no balance or no consent",
    BUDGET: "a budget was reached; nothing was sent",
    INTERRUPTED: "interrupted by Ctrl-C",
    BROKEN_PIPE: "the reader of the output closed the pipe",
    TERMINATED: "terminated by SIGTERM",
}

#: By the names of classes, so that no module of errors is imported. The nearest base class counts.
_OF_ERRORS = {
    "ValidationError": BAD_DATA,
    "InvalidRows": BAD_DATA,
    "RowsUnreadable": BAD_DATA,
    "UnknownModel": MISUSE,
    "MissingExtra": MISUSE,
    "IncompatiblePackage": MISUSE,
    "ConfigurationError": MISUSE,
    "MissingToken": NOT_ALLOWED,
    "UnresolvedFiles": BAD_DATA,
    "UploadFailed": UNAVAILABLE,
    "BucketError": UNAVAILABLE,
    "SubmissionUnknown": UNKNOWN,
    "DeadlineExceeded": TRY_LATER,
    "ConnectionFailed": UNAVAILABLE,
    "ResultNotReady": TRY_LATER,
    "JobFailed": FAILED,
    "JobCancelled": FAILED,
    "NoFiles": FAILED,
    "DownloadFailed": CANNOT_WRITE,
    "AuthenticationFailed": NOT_ALLOWED,
    "InsufficientBalance": NOT_ALLOWED,
    "PermissionDenied": NOT_ALLOWED,
    "NotFound": BAD_DATA,
    "RequestRejected": BAD_DATA,
    "RateLimited": TRY_LATER,
    "ServerFault": UNAVAILABLE,
    "UnexpectedAnswer": UNAVAILABLE,
    "KeyConflict": BAD_DATA,
    "BudgetReached": BUDGET,
    "JournalRefused": BAD_DATA,
    "JournalUnwritable": CANNOT_WRITE,
    "JournalBusy": TRY_LATER,
    "JournalError": CANNOT_WRITE,
    "ResultExpired": FAILED,
    "OSError": CANNOT_WRITE,
    "RunComfyError": UNAVAILABLE,
}

#: When several jobs of one command end differently, the first of these that occurs is its status.
_ORDER = (UNKNOWN, BUDGET, NOT_ALLOWED, FAILED, CANNOT_WRITE, UNAVAILABLE, BAD_DATA, TRY_LATER)


def status_of(error: BaseException) -> int:
    """The exit status for an error; ``INTERNAL`` for an unexpected one."""
    for cls in type(error).__mro__:
        if cls.__name__ in _OF_ERRORS:
            return _OF_ERRORS[cls.__name__]
    return INTERNAL


def worst(statuses: list[int]) -> int:
    """One status for several jobs."""
    return next((status for status in _ORDER if status in statuses), max(statuses, default=DONE))
