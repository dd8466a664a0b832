"""``BatchOutcome``: the outcome of one row; ``BatchSummary``: the totals of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["WAITING", "BatchOutcome", "BatchSummary"]

#: The state of a row that was not begun.
WAITING = "waiting"
#: States that make the exit status 1.
_FAILED = ("failed", "cancelled", "expired", "unknown", "invalid", "unsaved")


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The outcome of one row.

    ``state`` is ``succeeded``, ``failed``, ``cancelled``, ``expired``, ``unknown``, ``invalid``, ``not_sent``, ``unsaved`` (paid, and its
    files could not be saved) or ``waiting``. ``error`` is a message for people; ``cost`` is in US dollars.

    >>> outcome.row, outcome.key, outcome.state, outcome.files
    (1, 'hat-1', 'succeeded', (PosixPath('out/00001-1.png'),))
    """

    row: int
    key: str
    state: str
    request_id: str | None = None
    cost: float | None = None
    files: tuple[Path, ...] = ()
    error: str | None = None
    #: The URLs of files that were saved into a bucket.
    objects: tuple[str, ...] = ()
    result: Any = field(default=None, repr=False, compare=False)

    def as_dict(self, folder: Path | None = None) -> dict[str, Any]:
        """The outcome as plain data, for JSON; paths inside ``folder`` are relative to it."""
        return {
            "row": self.row,
            "key": self.key,
            "state": self.state,
            "request_id": self.request_id,
            "cost": self.cost,
            "files": [*(_relative(file, folder) for file in self.files), *self.objects],
            "error": self.error,
        }

    def _repr_html_(self) -> str:
        """The row in a notebook, with its saved images."""
        from .html import outcome_html  # only notebooks need it

        return outcome_html(self)


def _relative(file: Path, folder: Path | None) -> str:
    if folder is not None and file.is_relative_to(folder):
        file = file.relative_to(folder)
    return file.as_posix()


@dataclass(slots=True)
class BatchSummary:
    """The number of rows per state, their cost, and why the batch stopped early, if it did."""

    states: Counter[str] = field(default_factory=Counter)
    settled: float = 0.0
    reserved: float = 0.0
    #: Why it stopped: ``balance``, ``token``, ``service``, ``budget``, ``requests``, ``error``, ``interrupt``; empty when it did not.
    stopped: str = ""
    reason: str = ""

    @property
    def complete(self) -> bool:
        """Whether every row has succeeded."""
        return not self.stopped and not any(
            count for state, count in self.states.items() if state != "succeeded"
        )

    @property
    def failed(self) -> int:
        """The number of rows that need attention."""
        return sum(self.states[state] for state in _FAILED)

    def as_dict(self) -> Mapping[str, Any]:
        """The summary as plain data, for JSON."""
        return {
            "states": dict(sorted(self.states.items())),
            "settled": self.settled,
            "reserved": self.reserved,
            "stopped": self.stopped,
            "reason": self.reason,
        }

    def _repr_html_(self) -> str:
        """The counts and the cost in a notebook."""
        from .html import summary_html  # only notebooks need it

        return summary_html(self)
