"""``runcomfy-py submit``: submit and print the request id."""

from __future__ import annotations

import click

from .exit_codes import DONE
from .output import Output, output_options
from .requests import ModelCommand, Wanted, request_options
from .service import Service, service_options

__all__ = ["command", "submit"]


@click.command(cls=ModelCommand, name="submit", short_help="Submit a request and return.")
@request_options
@output_options
@service_options
def command(out: Output, service: Service, wanted: Wanted) -> int:
    """Submit a request to MODEL and print its id. Inputs are given as with run.

    `runcomfy-py wait ID` waits for it, in any process and on any day.
    """
    return submit(out, service, wanted)


def submit(out: Output, service: Service, wanted: Wanted, count: int = 1) -> int:
    """Submit the request so many times, one after the other."""
    with service.client(check_files=wanted.check_files) as client:
        for _ in range(count):
            job = client.submit(wanted.model_id, wanted.payload)
            if out.as_json:
                out.json(
                    {"request_id": job.request_id, "model_id": job.model_id, "state": "submitted"}
                )
            else:
                out.line(job.request_id)
                out.note(f"submitted; to wait for it: runcomfy-py wait {job.request_id}")
    return DONE
