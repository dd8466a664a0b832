"""``runcomfy-py journal``: settle what is unknown, back the journal up, purge it, set its budgets."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import click

from .option_types import Number
from .output import Output, output_options
from .service import Service, service_options

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
@click.option("--request-id", metavar="ID", help="The request that you found in your account.")
@click.option("--not-sent", is_flag=True, help="You looked, and it is not there.")
@output_options
@service_options
def resolve(
    out: Output, service: Service, key: str, request_id: str | None, not_sent: bool
) -> None:
    """Settle the entry KEY, whose submit may have been accepted, after you looked in your account.

    A request id is checked with the service: it must be of the same model.
    """
    if (request_id is None) != not_sent:
        raise click.UsageError("Give --request-id ID or --not-sent, one of them.")
    with service.journal() as journal, service.client(journal=journal) as client:
        entry = journal.resolve(key, request_id=request_id, not_sent=not_sent, client=client)
    if out.as_json:
        out.json({"key": entry.key, "state": entry.state, "request_id": entry.request_id})
    else:
        out.note(f"{entry.key} is {entry.state} now")


@command.command("backup")
@click.argument("path")
@output_options
@service_options
def backup(out: Output, service: Service, path: str) -> None:
    """Write a whole copy of the journal to PATH, which must not exist."""
    with service.journal() as journal:
        out.line(str(journal.backup(path)))


@command.command("restore-accepted")
@output_options
@service_options
def restore_accepted(out: Output, service: Service) -> None:
    """Go on with a journal that is older than its folder says: you put the latest copy there.

    What was submitted after that copy is not in it, and could be paid again.
    """
    with service.journal(accept_restored=True) as journal:
        out.note(f"{journal.path} is accepted as it is")


@command.command("purge")
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    metavar="DATE",
    help="What ended before this day, in UTC.",
)
@output_options
@service_options
def purge(out: Output, service: Service, before: datetime) -> None:
    """Remove inputs, outputs and file names of requests that ended before DATE. Keys and costs stay."""
    with service.journal() as journal:
        count = journal.purge(before=before.replace(tzinfo=UTC))
    if out.as_json:
        out.json({"purged": count})
    else:
        out.note(f"purged {count} entries")


@command.command("limits")
@click.option("--max-cost", type=Number(min=0), metavar="USD", help="For all that it holds.")
@click.option("--max-cost-per-day", type=Number(min=0), metavar="USD", help="For a day in UTC.")
@click.option(
    "--price-margin",
    type=Number(min=1),
    default=1.0,
    show_default=True,
    help="By which factor real costs may exceed the estimates.",
)
@output_options
@service_options
def limits(
    out: Output,
    service: Service,
    max_cost: float | None,
    max_cost_per_day: float | None,
    price_margin: float,
) -> None:
    """Set the budgets of the journal, for every command and program that uses it; without options, none."""
    with service.journal() as journal:
        journal.set_limits(
            max_cost=max_cost, max_cost_per_day=max_cost_per_day, price_margin=price_margin
        )
    out.note("the budgets are set; run and submit need --price, or a price in Python, to keep them")
