"""The exit statuses of ``runcomfy-py`` and ``runcomfy-codegen``, after sysexits.h and what shells give for a signal."""

from __future__ import annotations

__all__ = [
    "BAD_DATA",
    "BROKEN_PIPE",
    "BUDGET_REACHED",
    "CANNOT_WRITE",
    "DONE",
    "FAILED",
    "INTERNAL",
    "INTERRUPTED",
    "INVALID",
    "MISUSE",
    "NO_PERMISSION",
    "OUTCOME_UNKNOWN",
    "TERMINATED",
    "TRY_AGAIN",
    "UNAVAILABLE",
    "VALID",
]

DONE = 0
#: A job failed, a batch has failed or invalid rows, ``--check`` found drift, or a difference breaks programs.
FAILED = 1
#: The command line itself is wrong.
MISUSE = 64
#: A payload, page or schema that is refused, a key conflict, a generation that is refused or partial.
BAD_DATA = 65
UNAVAILABLE = 69
INTERNAL = 70
CANNOT_WRITE = 73
#: Nothing was sent; the same command may succeed later.
TRY_AGAIN = 75
#: Something may have been sent and paid: look before sending it again.
OUTCOME_UNKNOWN = 76
#: No permission, no balance, no consent.
NO_PERMISSION = 77
BUDGET_REACHED = 78
INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143

VALID, INVALID = DONE, BAD_DATA
