"""``runcomfy-py submit``: submit and print the request id."""

from __future__ import annotations

from pathlib import Path

import click

from runcomfy.cli.exit_codes import DONE
from runcomfy.cli.next_command import next_command
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.requests import ModelCommand, ModelInputs, request_options
from runcomfy.cli.service import Service, service_options

__all__ = ["command", "submit"]


@click.command(
    cls=ModelCommand, name="submit", short_help="Submit a request without waiting for it."
)
@request_options
@output_options
@service_options
def command(out: CommandOutput, service: Service, wanted: ModelInputs) -> int:
    """Submit a request to MODEL and print its id. Inputs have the same form as for run.

    `runcomfy-py wait ID` waits for it later, in any process; `runcomfy-py recover` waits for all.
    """
    return submit(out, service, wanted)


def submit(
    out: CommandOutput,
    service: Service,
    wanted: ModelInputs,
    count: int = 1,
    folder: str | None = None,
) -> int:
    """Submit the request so many times, one after the other; ``folder`` is where recover saves."""
    from runcomfy.cli.before_paying import check_before_paying, prices, ways

    place = None if folder is None else Path(folder).expanduser()
    with (
        service.journal(prices=prices(wanted)) as journal,
        service.client(journal=journal, **wanted.checks) as client,
    ):
        check_before_paying(service, wanted, count, journal)
        for how in ways(wanted, count, place):
            job = client.submit(wanted.model_id, wanted.payload, **how)
            if out.as_json:
                document = {"request_id": job.request_id, "model_id": job.model_id}
                out.json({**document, "state": "submitted"})
            else:
                out.line(job.request_id)
                waiting = next_command(f"runcomfy-py wait {job.request_id}")
                out.note(f"submitted; to wait for it: {waiting}")
    return DONE
