"""The cells of the campaign: a fault, its action, how often it applies, and the expected outcome."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from runcomfy import errors
from runcomfy.mock import FAULTS

from .table import TABLE

__all__ = ["ACTIONS", "Cell", "Strikes", "cells", "rows"]

#: The columns of the table, in the words of the mock service.
ACTIONS = ("submit", "status", "result", "cancel", "download")

#: What "cut+" in front of a fault means.
_CUT = "reset_in_body"

Strikes: TypeAlias = Literal["once", "always"]

#: What the table's words mean: the classes of the error, one of which it has; no error has ``NoneType``.
OUTCOMES: dict[str, tuple[type, ...]] = {
    "ok": (type(None),),
    "Auth": (errors.AuthenticationFailed,),
    "Balance": (errors.InsufficientBalance,),
    "Cancelled": (errors.JobCancelled,),
    "Connection": (errors.ConnectionFailed,),
    # An answer that is cut: some HTTP libraries notice it, others hand on what came.
    "Cut": (errors.ConnectionFailed, errors.UnexpectedAnswer),
    "Deadline": (errors.DeadlineExceeded,),
    "Download": (errors.DownloadFailed,),
    "Failed": (errors.JobFailed,),
    "NoFiles": (errors.NoFiles,),
    "NotFound": (errors.NotFound,),
    "NotReady": (errors.ResultNotReady,),
    "Odd": (errors.UnexpectedAnswer,),
    "Permission": (errors.PermissionDenied,),
    "Rate": (errors.RateLimited,),
    "Refused": (errors.DownloadRefused,),
    "Rejected": (errors.RequestRejected,),
    "Server": (errors.ServerFault,),
    "Unknown": (errors.SubmissionUnknown,),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A fault that strikes an action, and what must come of it."""

    fault: str
    action: str
    strikes: Strikes
    outcome: str

    @property
    def faults(self) -> tuple[tuple[str, int | None], ...]:
        """The faults that strike one after the other, and how often each."""
        _, cut, last = self.fault.rpartition("+")
        times = 1 if self.strikes == "once" else None
        return (*(((_CUT, 1),) if cut else ()), (last, times))

    @property
    def lasting(self) -> bool:
        """Whether nothing but a limit on the time ends it."""
        return any(FAULTS[fault].lasting for fault, _ in self.faults)

    @property
    def timeout(self) -> float:
        """Seconds for each call: few where they are to run out, else more than it ever takes.

        Where a submit has to get through before they run out, a busy machine needs two.
        """
        if self.outcome == "Deadline":
            return 2.0 if self.action in ("status", "result") else 1.0
        return 2.0 if self.outcome == "Unknown" and self.lasting else 20.0

    def __str__(self) -> str:
        return f"{self.fault} at {self.action}, {self.strikes}"


def rows() -> Iterator[tuple[str, dict[str, str]]]:
    """Each fault of the table, with the words in its row by action."""
    for line in TABLE.strip().splitlines():
        if not line.startswith("#"):
            fault, *words = line.split()
            yield fault, dict(zip(ACTIONS, words, strict=True))


def cells(action: str) -> list[Cell]:
    """The cells of a column, two for each of its words: the fault strikes once, and always."""
    found = []
    for fault, row in rows():
        once, _, always = row[action].partition("/")
        if once != "-":
            found += [
                Cell(fault, action, "once", once),
                Cell(fault, action, "always", always or once),
            ]
    return found
