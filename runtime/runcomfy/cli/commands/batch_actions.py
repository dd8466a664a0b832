"""``batch status``, ``pause``, ``resume`` and ``limit``: a batch from another terminal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from shlex import quote

import click

from runcomfy.batch.folder import JOURNAL, ROWS
from runcomfy.batch.runner import PAUSED
from runcomfy.cli.exit_codes import DONE, FAILED, UNKNOWN
from runcomfy.cli.output import CommandOutput
from runcomfy.journal import Journal

__all__ = ["act"]


def act(
    out: CommandOutput, action: str, folder: str, max_cost: float | None, price_margin: float | None
) -> int:
    """Carry one out; the exit status. A margin of ``None`` stays as it is."""
    path = Path(folder, JOURNAL)
    if not path.is_file():
        raise click.UsageError(f"{folder} has no {JOURNAL}: it is not a batch folder.")
    with Journal(path) as journal:
        if action == "status":
            return _status(out, journal)
        if action == "limit":
            if max_cost is None:
                raise click.UsageError("batch limit needs --max-cost.")
            margin = journal.limits().price_margin if price_margin is None else price_margin
            journal.set_limits(max_cost=max_cost, price_margin=margin)
            document, words = {"max_cost": max_cost}, f"The limit is now ${max_cost:g}."
        else:
            pause = action == "pause"
            journal.set_fact(PAUSED, "1" if pause else None)
            document, words = {"paused": pause}, "Resumed."
            if pause:
                words = f"Paused: no further row is started. Resume with: runcomfy-py batch resume {quote(folder)}"
    if out.as_json:
        out.json(document)
    else:
        out.note(words)
    return DONE


def _status(out: CommandOutput, journal: Journal) -> int:
    states: Counter[str] = Counter(entry.state for entry in journal.entries())
    spent = journal.spend().values()
    settled = sum(one.settled for one in spent)
    reserved = sum(one.reserved for one in spent)
    paused = journal.fact(PAUSED) is not None
    rows = journal.fact(ROWS)
    document = {
        "running": journal.has_runner,
        "paused": paused,
        "rows": None if rows is None else int(rows),
        "states": dict(sorted(states.items())),
        "settled": settled,
        "reserved": reserved,
        "unknown": [entry.key for entry in journal.entries(state="unknown")],
    }
    if out.as_json:
        out.json(document)
    else:
        out.line("running" if journal.has_runner else "not running")
        if paused:
            out.line("paused")
        if rows is not None:
            out.line(f"rows: {rows}")
        for state, count in sorted(states.items()):
            out.line(f"{state}: {count}")
        out.line(f"spent: ${settled:.4f}, reserved: ${reserved:.4f}")
        for key in document["unknown"] if isinstance(document["unknown"], list) else ():
            out.line(f"unknown: {key}")
    if states["unknown"]:
        return UNKNOWN
    return FAILED if any(states[one] for one in ("failed", "cancelled", "expired")) else DONE
