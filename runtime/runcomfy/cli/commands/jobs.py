"""``runcomfy-py jobs``: list the requests in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import click

from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, journal_option, service_options
from runcomfy.journal.states import State

if TYPE_CHECKING:
    from datetime import datetime

    from runcomfy import Entry, Journal

__all__ = ["command"]


@click.command(name="jobs", short_help="List the requests in the journal and their costs.")
@click.argument("search", required=False)
@click.option(
    "--state",
    "states",
    type=click.Choice(get_args(State)),
    multiple=True,
    help="List only requests in this state. Can be repeated.",
)
@click.option("--model", metavar="ID", help="List only requests of this model.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    metavar="DATE",
    help="List only requests since this date or time in UTC: 2026-01-31, 2026-01-31T18:30.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="List at most this many of the latest requests.",
)
@click.option(
    "--spend", type=click.Choice(["model", "day"]), help="Show spending by model or by day."
)
@output_options
@service_options
@journal_option
def command(
    out: CommandOutput,
    service: Service,
    search: str | None,
    states: tuple[Any, ...],
    model: str | None,
    since: datetime | None,
    limit: int,
    spend: str | None,
) -> None:
    """List the requests in the journal, the latest last. SEARCH matches inputs, keys, ids and errors.

    The journal records every run and submit. Entries with the state unknown may have been paid: settle them
    with `runcomfy-py journal resolve`.
    """
    with service.journal() as journal:
        if spend:
            _show_spend(out, journal, spend)
            return
        found = journal.entries(state=states or None, model=model, since=since, text=search)
        entries = list(found)[-limit:]
    if out.as_json:
        for entry in entries:
            out.json(_as_json(entry))
        return
    if not entries:
        out.note(f"no such requests in {service.journal_path}")
        return
    out.table(("made (UTC)", "state", "model", "cost", "request", "key"), map(_row, entries))
    unknown = sum(entry.state == "unknown" for entry in entries)
    if unknown:
        out.note(f"{unknown} unknown; see: runcomfy-py journal resolve --help")


def _show_spend(out: CommandOutput, journal: Journal, by: Any) -> None:
    spends = journal.spend(by)
    if out.as_json:
        for name, one in spends.items():
            document = {"settled": one.settled, "reserved": one.reserved, "requests": one.requests}
            out.json({by: name, **document})
        return
    rows = [
        (name, f"${one.settled:.4f}", f"${one.reserved:.4f}", str(one.requests))
        for name, one in spends.items()
    ]
    out.table((by, "spent", "reserved", "requests"), rows)


def _row(entry: Entry) -> tuple[str, str, str, str, str, str]:
    cost = "" if entry.cost is None else f"${entry.cost:g}"
    made = entry.created_at.strftime("%Y-%m-%d %H:%M:%S")
    return made, entry.state, entry.model_id, cost, entry.request_id or "", entry.key


def _as_json(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "state": entry.state,
        "model_id": entry.model_id,
        "request_id": entry.request_id,
        "payload": entry.payload,
        "cost": entry.cost,
        "estimate": entry.estimate,
        "created_at": _time(entry.created_at),
        "ended_at": _time(entry.ended_at),
        "files": [
            {"url": file.url, "kind": file.kind, "path": file.place and str(file.place)}
            for file in entry.files
        ],
        "error": entry.error,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
