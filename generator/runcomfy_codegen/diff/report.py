"""The differences between two folders of schemas: as lines, as Markdown for a pull request, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from runcomfy.model.messages import printable

from .broken_uses import BrokenUse
from .models import KINDS, ModelChange

__all__ = ["as_dict", "as_lines", "as_markdown"]

_HEADINGS = {
    "breaking": "Breaking",
    "additive": "Additive",
    "price": "Prices",
    "text": "Texts",
}
#: Entries of one heading in Markdown; pull requests have a limit.
_MOST = 200


def as_dict(changes: Sequence[ModelChange], uses: Sequence[BrokenUse] | None) -> dict[str, Any]:
    """The report as plain data."""
    report: dict[str, Any] = {
        "breaking": any(one.breaking for one in changes),
        "models": [
            {
                "model_id": one.model_id,
                "verdict": one.verdict,
                "changes": [asdict(change) for change in one.changes],
            }
            for one in changes
        ],
    }
    if uses is not None:
        report["uses"] = [asdict(one) for one in uses]
    return report


def as_lines(changes: Sequence[ModelChange]) -> Iterator[str]:
    """The report for a terminal; whatever came from a schema is escaped."""
    for one in changes:
        yield f"{one.model_id}: {one.verdict}"
        for change in one.changes:
            place = f"{change.place}: " if change.place else ""
            yield printable(f"  {change.kind}: {place}{change.text}")
    yield _summary(changes)


def _summary(changes: Sequence[ModelChange]) -> str:
    if not changes:
        return "No differences."
    verdicts = Counter(one.verdict for one in changes)
    kinds = Counter(change.kind for one in changes for change in one.changes)
    models = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    totals = ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind])
    return f"models: {models}; changes: {totals}"


def as_markdown(changes: Sequence[ModelChange], uses: Sequence[BrokenUse] | None) -> Iterator[str]:
    """The report as Markdown, the worst first."""
    yield "## Model changes"
    yield ""
    yield _summary(changes)
    if uses is not None:
        yield from ("", f"### In your code ({len(uses)})", "")
        yield from (_bullet(str(use)) for use in uses[:_MOST])
    for kind, heading in _HEADINGS.items():
        found = [
            (one.model_id, change)
            for one in changes
            for change in one.changes
            if change.kind == kind
        ]
        if found:
            yield from ("", f"### {heading} ({len(found)})", "")
        for model_id, change in found[:_MOST]:
            place = f" {change.place}" if change.place else ""
            yield _bullet(f"{model_id}{place}: {change.text}")
        if len(found) > _MOST:
            yield f"- … and {len(found) - _MOST} more"


def _bullet(text: str) -> str:
    """A line of a list that holds the text as code, whatever it is: no markup, no mention, no link."""
    shown = printable(text)
    longest = max((len(run) for run in _backticks(shown)), default=0)
    fence = "`" * (longest + 1)
    return f"- {fence} {shown} {fence}" if longest else f"- `{shown}`"


def _backticks(text: str) -> Iterator[str]:
    run = ""
    for character in text:
        if character == "`":
            run += character
        elif run:
            yield run
            run = ""
    if run:
        yield run
