"""A batch and its rows as HTML, for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runcomfy.notebook.embedding import EmbeddingBudget
from runcomfy.notebook.markup import facts, text

if TYPE_CHECKING:
    from .outcome import BatchOutcome, BatchSummary

__all__ = ["outcome_html", "summary_html"]


def outcome_html(outcome: BatchOutcome) -> str:
    """The saved images, then row, key, state, cost, files and error."""
    pairs = [("row", text(outcome.row)), ("key", text(outcome.key)), ("state", text(outcome.state))]
    if outcome.request_id is not None:
        pairs.append(("request id", text(outcome.request_id)))
    if outcome.cost is not None:
        pairs.append(("cost", text(f"{outcome.cost:g} USD")))
    pairs += [("file", text(file)) for file in (*outcome.files, *outcome.objects)]
    if outcome.error is not None:
        pairs.append(("error", text(outcome.error)))
    return f"<div><div>{EmbeddingBudget().files(outcome.files)}</div>{facts(pairs)}</div>"


def summary_html(
    summary: BatchSummary, *, rows: int | None = None, cost: float | None = None
) -> str:
    """The number of rows per state, and the cost. ``rows`` and ``cost`` are those of a running batch."""
    done = sum(summary.states.values())
    counts = [("rows", text(f"{done:,}" if rows is None else f"{done:,} of {rows:,}"))]
    counts += [(state, text(f"{count:,}")) for state, count in sorted(summary.states.items())]
    if cost is None:
        counts.append(("settled", text(f"{summary.settled:g} USD")))
        counts.append(("reserved", text(f"{summary.reserved:g} USD")))
    else:
        counts.append(("cost so far", text(f"{cost:g} USD")))
    if summary.stopped:
        counts.append(("stopped", text(f"{summary.stopped}: {summary.reason}")))
    return f"<div>{facts(counts)}</div>"
