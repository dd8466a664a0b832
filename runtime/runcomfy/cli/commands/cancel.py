"""``runcomfy-py cancel``: ask the service to cancel requests."""

from __future__ import annotations

import click

from runcomfy.cli.exit_codes import DONE, FAILED
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, service_options

__all__ = ["command"]


@click.command(name="cancel", short_help="Cancel queued requests.")
@click.argument("request_ids", nargs=-1, required=True, metavar="REQUEST_ID...")
@output_options
@service_options
def command(out: CommandOutput, service: Service, request_ids: tuple[str, ...]) -> int:
    """Cancel each request. Only queued requests can be cancelled; others keep running.

    The exit status is 1 if any request was not cancelled.
    """
    status = DONE
    with service.journal_if_any() as journal, service.client(journal=journal) as client:
        for request_id in request_ids:
            answer = client.job(request_id).cancel()
            if not answer.cancelled:
                status = FAILED
            if out.as_json:
                out.json(
                    {
                        "request_id": request_id,
                        "outcome": answer.outcome,
                        "cancelled": answer.cancelled,
                    }
                )
            else:
                out.table(("request", "outcome"), [(request_id, answer.outcome)])
    return status
