"""What is asked of all rows before the first one is paid: are they valid, are they the rows of this folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runcomfy.errors import ConfigurationError, KeyConflict, RunComfyError
from runcomfy.model.request import Request
from runcomfy.model.violation import Violation
from runcomfy.validation.validate import validate

from .known_rows import Known
from .options import BatchOptions
from .rows import BatchRow

__all__ = ["BadRow", "InvalidRows", "Preflight", "look_at", "require_good"]

#: Bad rows that a message lists.
_LISTED = 20
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be sent, and every reason."""

    index: int
    number: int
    key: str
    violations: tuple[Violation, ...]


class InvalidRows(RunComfyError, ValueError):
    """Rows of a batch are invalid; nothing was sent. ``rows`` holds each with its violations."""

    def __init__(self, rows: list[BadRow], total: int) -> None:
        super().__init__(rows, total)
        self.rows, self.total = rows, total

    def __str__(self) -> str:
        lines = [f"{len(self.rows)} of {self.total} rows are invalid; nothing was sent"]
        for bad in self.rows[:_LISTED]:
            lines += [
                f"  row {bad.number} ({bad.key}): {violation}" for violation in bad.violations
            ]
        if len(self.rows) > _LISTED:
            lines.append(f"  … and {len(self.rows) - _LISTED} more rows")
        lines.append("  Correct them, or leave them out: skip_invalid=True (--skip-invalid)")
        return "\n".join(lines)


@dataclass(slots=True)
class Preflight:
    """What was found: how many rows, which are bad, how many a journal knows already, three payloads to look at."""

    rows: int = 0
    bad: list[BadRow] = field(default_factory=list)
    known: Counter[str] = field(default_factory=Counter)
    samples: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def new(self) -> int:
        """Rows that would be submitted."""
        return self.rows - len(self.bad) - self.known.total()


def look_at(
    rows: Iterable[BatchRow],
    model: type[Request[Any]],
    options: BatchOptions,
    known: Mapping[str, Known],
) -> Preflight:
    """Validate every row, and hold it against what the journal has under its key.

    Raises ``KeyConflict`` where the folder's journal has another model or payload under a key, and
    ``ConfigurationError`` for a key that two rows have.
    """
    found = Preflight()
    seen: dict[str, int] = {}
    for row in rows:
        found.rows += 1
        if row.key in seen:
            raise ConfigurationError(
                f"rows {seen[row.key]} and {row.number} have the key {row.key!r:.80}; keys tell rows "
                "apart, so give each its own, or leave the column out"
            )
        seen[row.key] = row.number
        violations = faults(row, model, options)
        if violations:
            found.bad.append(BadRow(row.index, row.number, row.key, tuple(violations)))
            continue
        if len(found.samples) < _SAMPLES:
            found.samples.append(row.payload or {})
        if row.key in known:
            _hold_against(row, model, known[row.key], found)
    return found


def faults(row: BatchRow, model: type[Request[Any]], options: BatchOptions) -> list[Violation]:
    """Everything that stops a row: what breaks the schema or a file rule, and what is surely a slip."""
    if row.payload is None:
        return [row.fault] if row.fault else []
    report = validate(model, row.payload)
    slips = [one for one in report.slips if one.rule not in options.allow]
    return [*report.errors, *slips]


def _hold_against(row: BatchRow, model: type[Request[Any]], known: Known, found: Preflight) -> None:
    digest = row.described.digest if row.described else known.digest
    if known.model_id != model.model_id or known.digest != digest:
        differs = "model" if known.model_id != model.model_id else "payload"
        raise KeyConflict(
            f"row {row.number}: the folder has the key {row.key!r:.80} with another {differs}; nothing was "
            "sent. Give the changed row another key, or use another folder",
            key=row.key,
            differs=differs,
            model_id=known.model_id,
            request_id=known.request_id,
        )
    found.known[known.state] += 1


def require_good(found: Preflight, options: BatchOptions) -> None:
    """Raise ``InvalidRows``, unless bad rows are to be left out; ``ConfigurationError`` where there is no row at all."""
    if not found.rows:
        raise ConfigurationError("the input has no rows")
    if found.bad and not options.skip_invalid:
        raise InvalidRows(found.bad, found.rows)
