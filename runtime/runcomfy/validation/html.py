"""A report as HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from runcomfy.model.messages import show
from runcomfy.notebook.markup import table, text
from runcomfy.redaction import shown_url

if TYPE_CHECKING:
    from runcomfy.model.violation import Violation

    from .report import Report, Unchecked

__all__ = ["report_html"]

_HEADINGS = ("", "where", "what", "value", "limit")


def report_html(report: Report, unchecked: Iterable[Unchecked]) -> str:
    """The verdict, then a row for each error, each warning and each place and reason of ``unchecked``."""
    rows = [
        *_violations("error", report.errors),
        *_violations("warning", report.warnings),
        *(
            (
                "not checked",
                one.pointer or "payload",
                f"{one.rule}: {one.reason}",
                _url(one.url),
                "",
            )
            for one in unchecked
        ),
    ]
    found = table(_HEADINGS, rows) if rows else ""
    return f"<div><div><b>{text(report.model_id)}</b>: {text(report.summary())}</div>{found}</div>"


def _url(url: str | None) -> str:
    return "" if url is None else shown_url(url)


def _violations(verdict: str, found: list[Violation]) -> Iterator[tuple[str, ...]]:
    for one in found:
        limit = "" if one.limit is None else show(one.limit)
        yield verdict, one.pointer or "payload", one.message, show(one.value), limit
