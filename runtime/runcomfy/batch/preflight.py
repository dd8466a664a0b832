"""The checks of all rows before the first submit: validity, and consistency with the folder's journal."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runcomfy.errors import KeyConflict, RunComfyError
from runcomfy.journal.states import FREE
from runcomfy.model.request import Request
from runcomfy.model.violation import Violation
from runcomfy.validation.row import RowsUnreadable
from runcomfy.validation.validate import examine

from .known_rows import Known
from .local_files import SeenFiles
from .options import BatchOptions
from .rows import BatchRow

__all__ = ["BadRow", "InvalidRows", "Preflight", "look_at", "require_good"]

#: The number of invalid rows that are kept with their reasons, and that a message lists.
_KEPT, _LISTED = 1_000, 20
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class BadRow:
    """An invalid row, with every reason."""

    index: int
    number: int
    key: str
    violations: tuple[Violation, ...]


class InvalidRows(RunComfyError, ValueError):
    """Rows of a batch are invalid; nothing was sent.

    ``rows`` holds the first thousand with their violations, ``count`` is the number of invalid rows, of ``total``.
    """

    def __init__(self, rows: list[BadRow], count: int, total: int) -> None:
        super().__init__(rows, count, total)
        self.rows, self.count, self.total = rows, count, total

    def __str__(self) -> str:
        lines = [f"{self.count} of {self.total} rows are invalid; nothing was sent"]
        for bad in self.rows[:_LISTED]:
            lines += [
                f"  row {bad.number} ({bad.key:.80}): {violation}" for violation in bad.violations
            ]
        if self.count > _LISTED:
            lines.append(f"  … and {self.count - _LISTED} more rows")
        lines.append("  Correct them, or skip them: skip_invalid=True (--skip-invalid)")
        if any(one.rule == "unknown-input" for bad in self.rows for one in bad.violations):
            lines.append(
                "  Columns that are no inputs can be left out: ignore=[…] (--ignore COLUMN)"
            )
        return "\n".join(lines)


@dataclass(slots=True)
class Preflight:
    """The result of the check: the number of rows, the invalid ones, counts by known state, and sample payloads.

    ``invalid`` are the indexes of all bad rows, and ``bad`` the first thousand with their reasons: memory does not grow with the input.
    """

    rows: int = 0
    invalid: array[int] = field(default_factory=lambda: array("Q"))
    bad: list[BadRow] = field(default_factory=list)
    known: Counter[str] = field(default_factory=Counter)
    #: New rows with the payload of an entry whose key no row has: their keys were probably changed.
    rekeyed: int = 0
    samples: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def new(self) -> int:
        """Rows that would be submitted."""
        return self.rows - len(self.invalid) - self.known.total()

    def is_bad(self, row: BatchRow) -> bool:
        """Whether the row was found invalid."""
        place = bisect_left(self.invalid, row.index)
        return place < len(self.invalid) and self.invalid[place] == row.index


def look_at(
    rows: Iterable[BatchRow],
    model: type[Request[Any]],
    options: BatchOptions,
    known: Mapping[str, Known],
) -> Preflight:
    """Validate every row, and compare it with the journal's entry under its key.

    Raises ``KeyConflict`` if the folder's journal has another model or payload under a key.
    """
    found, files = Preflight(), SeenFiles()
    left = Counter(one.digest for one in known.values() if one.state not in FREE)
    new: Counter[str] = Counter()
    for row in rows:
        found.rows += 1
        violations = faults(row, model, options, files)
        if violations:
            found.invalid.append(row.index)
            if len(found.bad) < _KEPT:
                found.bad.append(BadRow(row.index, row.number, row.key, tuple(violations)))
            continue
        if len(found.samples) < _SAMPLES:
            found.samples.append(row.payload or {})
        if row.key in known:
            _hold_against(row, model, known[row.key], found)
            left[known[row.key].digest] -= 1
        elif left and row.described is not None and row.described.digest in left:
            new[row.described.digest] += 1
    found.rekeyed = (new & left).total()
    return found


def faults(
    row: BatchRow,
    model: type[Request[Any]],
    options: BatchOptions,
    files: SeenFiles | None = None,
) -> list[Violation]:
    """Everything that stops a row: violations of the schema or a file rule, and certain mistakes."""
    fault = [row.fault] if row.fault else []
    if row.payload is None:
        return fault
    report = examine(model, row.payload, files=files)
    found = [*report.errors, *(one for one in report.slips if one.rule not in options.allow)]
    # What cannot be recorded is named better by the validator, where that names it.
    return found if found and row.described is None else fault + found


def _hold_against(row: BatchRow, model: type[Request[Any]], known: Known, found: Preflight) -> None:
    digest = row.described.digest if row.described else known.digest
    if known.model_id != model.model_id or known.digest != digest:
        differs = "model" if known.model_id != model.model_id else "payload"
        raise KeyConflict(
            f"row {row.number}: the folder has the key {row.key!r:.80} with a different {differs}; nothing was "
            "sent. Use another key for the changed row, or another folder",
            key=row.key,
            differs=differs,
            model_id=known.model_id,
            request_id=known.request_id,
        )
    found.known[known.state] += 1


def require_good(found: Preflight, options: BatchOptions, name: str) -> None:
    """Raise ``InvalidRows``, unless invalid rows are skipped, and ``RowsUnreadable`` if there are no rows."""
    if not found.rows:
        raise RowsUnreadable(f"{name} has no rows; nothing was sent")
    if found.invalid and not options.skip_invalid:
        raise InvalidRows(found.bad, len(found.invalid), found.rows)
