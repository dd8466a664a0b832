"""A report as people read it."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.table import Table
from rich.text import Text

from runcomfy.model.messages import tell
from runcomfy.model.violation import Violation
from runcomfy.validation.report import Report, grouped

from .terminal import safe

__all__ = ["line_rows", "report_table"]

_STYLES = {"error": "bold red", "warning": "yellow", "not checked": "cyan", "file": "green"}
#: A pointer can hold a name of any length.
_LONGEST_POINTER = 120


def report_table(report: Report) -> Table:
    """The findings of a report, and the files that were looked at, one in a row."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("finding", no_wrap=True)
    table.add_column("where", overflow="fold")
    table.add_column("what", overflow="fold")
    for row in _rows(report):
        table.add_row(*row)
    for file in report.files:
        told = "; ".join([file.info.summary(), *file.verdicts()])
        table.add_row(*_row("file", file.pointer, told))
    return table


def line_rows(number: int, report: Report) -> Iterator[Text]:
    """The findings about one line of many, one in a row that stands for itself."""
    for row in _rows(report):
        yield Text("  ").join([Text(f"line {number}"), *row])


def _rows(report: Report) -> Iterator[tuple[Text, Text, Text]]:
    findings = [("error", report.errors), ("warning", report.warnings)]
    for kind, violations in findings:
        for violation in violations:
            yield _row(kind, violation.pointer, _told(violation))
    for group in grouped(report.unchecked):
        yield _row("not checked", group.pointer, f"{group.rule}: {group.reason}")


def _told(violation: Violation) -> str:
    return tell(violation.rule, violation.message, violation.value)


def _row(kind: str, pointer: str, told: str) -> tuple[Text, Text, Text]:
    where = safe(pointer or "payload", longest=_LONGEST_POINTER)
    return Text(kind, _STYLES[kind]), where, safe(told)
