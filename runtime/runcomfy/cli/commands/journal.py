"""``runcomfy-py journal``: settle unknown requests; back up, purge and limit the journal."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC
from typing import TYPE_CHECKING

import click

from runcomfy.cli.option_types import Number
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, journal_option, service_options

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["command"]


@click.group(
    name="journal", short_help="Settle unknown requests; back up, purge and limit the journal."
)
def command() -> None:
    """Work on the journal: the record of every request that this command submitted.

    `runcomfy-py jobs` lists what is in it.
    """


@command.command("resolve")
@click.argument("key")
@click.option("--request-id", metavar="ID", help="Id of the request in your account.")
@click.option("--not-sent", is_flag=True, help="The request is not in your account.")
@output_options
@service_options
@journal_option
def resolve(
    out: CommandOutput, service: Service, key: str, request_id: str | None, not_sent: bool
) -> None:
    """Settle the unknown entry KEY after checking your account for its request.

    The service must know the request id as a request of the same model.
    """
    if (request_id is None) != not_sent:
        raise click.UsageError("Pass either --request-id ID or --not-sent.")
    with service.journal() as journal, ExitStack() as stack:
        # Only an id is compared with the account, for which a token is needed.
        client = None if not_sent else stack.enter_context(service.client(journal=journal))
        entry = journal.resolve(key, request_id=request_id, not_sent=not_sent, client=client)
    if out.as_json:
        out.json({"key": entry.key, "state": entry.state, "request_id": entry.request_id})
    else:
        out.note(f"{entry.key} is {entry.state} now")


@command.command("backup")
@click.argument("path")
@output_options
@service_options
@journal_option
def backup(out: CommandOutput, service: Service, path: str) -> None:
    """Write a complete copy of the journal to PATH, which must not exist."""
    with service.journal() as journal:
        out.line(str(journal.backup(path)))


@command.command("restore-accepted")
@output_options
@service_options
@journal_option
def restore_accepted(out: CommandOutput, service: Service) -> None:
    """Accept a journal that is older than its folder records, after you restored the latest copy.

    Requests submitted after that copy are not in it and could be paid again.
    """
    with service.journal(accept_restored=True) as journal:
        out.note(f"accepted {journal.path} as it is")


@command.command("adopt")
@output_options
@service_options
@journal_option
def adopt(out: CommandOutput, service: Service) -> None:
    """Assign all entries to the token now used, after you renewed the token of the same account."""
    with service.journal() as journal, service.client() as client:
        count = journal.adopt(client.account)
    if out.as_json:
        out.json({"adopted": count})
    else:
        out.note(f"{count} entries are of the token now used")


@command.command("purge")
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    metavar="DATE",
    help="Purge requests that ended before this date, in UTC.",
)
@output_options
@service_options
@journal_option
def purge(out: CommandOutput, service: Service, before: datetime) -> None:
    """Remove inputs, outputs and file names of requests that ended before DATE. Keys and costs stay."""
    with service.journal() as journal:
        count = journal.purge(before=before.replace(tzinfo=UTC))
    if out.as_json:
        out.json({"purged": count})
    else:
        out.note(f"purged {count} entries")


@command.command("limits")
@click.option("--max-cost", type=Number(min=0), metavar="USD", help="Total budget.")
@click.option("--max-cost-per-day", type=Number(min=0), metavar="USD", help="Budget per UTC day.")
@click.option(
    "--price-margin",
    type=Number(min=1),
    help="Factor by which actual costs may exceed estimates.  [default: 1]",
)
@click.option("--remove", is_flag=True, help="Remove all budgets.")
@output_options
@service_options
@journal_option
def limits(out: CommandOutput, service: Service, remove: bool, **given: float | None) -> None:
    """Show the journal's budgets, or set those that are given, for every command and program that uses it.

    A budget that is not given stays as it is.
    """
    changes = {name: value for name, value in given.items() if value is not None}
    if remove and changes:
        raise click.UsageError("Pass either budgets or --remove.")
    with service.journal() as journal:
        if remove:
            journal.set_limits()
        elif changes:
            journal.set_limits(**{**asdict(journal.limits()), **changes})
        held = journal.limits()
    if out.as_json:
        out.json(asdict(held))
        return
    amounts = {"total": held.max_cost, "per day (UTC)": held.max_cost_per_day}
    rows = [(name, "none" if usd is None else f"${usd:g}") for name, usd in amounts.items()]
    out.table(("budget", ""), [*rows, ("price margin", f"{held.price_margin:g}")])
    if held.max_cost is not None or held.max_cost_per_day is not None:
        out.note("run and submit need --price (price= in Python) while there is a budget")
