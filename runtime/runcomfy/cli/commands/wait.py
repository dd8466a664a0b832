"""``runcomfy-py wait``: wait for jobs, and save their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runcomfy.cli.option_types import Number
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.saving_options import saving_options
from runcomfy.cli.service import Service, service_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from runcomfy import AsyncClient, Status
    from runcomfy.cli.following import FollowedJob

__all__ = ["command"]


@click.command(name="wait", short_help="Wait for jobs and save their output files.")
@click.argument("request_ids", nargs=-1, required=True, metavar="REQUEST_ID...")
@saving_options
@click.option(
    "--timeout",
    type=Number(min=0),
    metavar="SECONDS",
    help="Stop waiting after this time; the jobs keep running.  [default: 3600]",
)
@output_options
@service_options
def command(
    out: CommandOutput,
    service: Service,
    request_ids: tuple[str, ...],
    folder: str,
    name: str | None,
    no_save: bool,
    timeout: float | None,
) -> int:
    """Wait for each job to end, whichever process submitted it, and save its files.

    Ctrl-C stops waiting; the jobs keep running.
    """
    from runcomfy.cli.following import follow
    from runcomfy.cli.saving import Saving

    saving = Saving(None if no_save else folder, name)
    saving.prepare()
    options = {} if timeout is None else {"timeout": timeout}
    with (
        service.journal_if_any() as journal,
        service.async_clients(journal) as make_client,
    ):
        calls = [_call(request_id, options) for request_id in request_ids]
        return follow(make_client, calls, out, saving, submitting=False)


def _call(request_id: str, options: dict[str, Any]) -> FollowedJob:
    from runcomfy.cli.following import FollowedJob

    async def call(client: AsyncClient, on_status: Callable[[Status], None]) -> Any:
        return await client.job(request_id).wait(on_status=on_status, **options)

    return FollowedJob(call)
