"""The findings of a report as rows of texts, and which of them would stop a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runcomfy.model.messages import sentence
from runcomfy.model.violation import Violation
from runcomfy.validation.report import SLIPS, Report, grouped

from .failures import in_words_of_the_command, violation_as_json

__all__ = ["as_json", "rows", "stops", "verdict"]

#: The longest pointer shown, because member names may have any length.
_LONGEST_POINTER = 120
_STOPS = " (stops a run)"


def stops(warning: Violation) -> bool:
    """Whether a submit stops at the warning: very likely a slip, and not a doubt."""
    return warning.rule in SLIPS


def rows(report: Report) -> Iterator[tuple[str, str, str]]:
    """Each finding and each inspected file: its kind, its place and its text."""
    for error in report.errors:
        yield _row("error", error)
    for warning in report.warnings:
        kind = "warning" + (_STOPS if stops(warning) else "")
        yield _row(kind, warning)
    for group in grouped(report.unchecked):
        yield "not checked", _shortened(group.pointer), f"{group.rule}: {group.reason}"
    for file in report.files:
        yield "file", _shortened(file.pointer), "; ".join([file.info.summary(), *file.verdicts()])


def verdict(report: Report) -> str:
    """The verdict and the counts: ``"valid, 1 warning, would stop a run"``."""
    slips = report.valid and any(map(stops, report.warnings))
    return report.summary() + (", would stop a run" if slips else "")


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain data; ``stops_run`` is true if a run would refuse the payload."""
    warnings = [
        {**violation_as_json(warning), "stops_run": stops(warning)} for warning in report.warnings
    ]
    stopped = bool(report.errors) or any(map(stops, report.warnings))
    return {**report.as_dict(), "warnings": warnings, "stops_run": stopped}


def _row(kind: str, found: Violation) -> tuple[str, str, str]:
    words = sentence(found.rule, found.message, found.value, found.limit)
    return kind, _shortened(found.pointer), in_words_of_the_command(words)


def _shortened(pointer: str) -> str:
    where = pointer or "payload"
    return where if len(where) <= _LONGEST_POINTER else where[:_LONGEST_POINTER] + "…"
