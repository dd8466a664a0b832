"""``runcomfy-py status``: where requests are."""

from __future__ import annotations

import click

from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, service_options

__all__ = ["command"]


@click.command(name="status", short_help="Show the status of requests.")
@click.argument("request_ids", nargs=-1, required=True, metavar="REQUEST_ID...")
@output_options
@service_options
def command(out: CommandOutput, service: Service, request_ids: tuple[str, ...]) -> None:
    """Show the state of each request and its position in the queue."""
    with service.client() as client:
        for request_id in request_ids:
            status = client.job(request_id).status()
            if out.as_json:
                out.json(
                    {
                        "request_id": request_id,
                        "state": status.state,
                        "phase": status.phase,
                        "queue_position": status.queue_position,
                    }
                )
                continue
            place = "" if status.queue_position is None else f"position {status.queue_position}"
            out.table(("request", "state", ""), [(request_id, status.state, place)])
