"""``runcomfy-py result``: the results of requests that have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.saving_options import saving_options
from runcomfy.cli.service import Service, service_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from runcomfy import AsyncClient, Status
    from runcomfy.cli.following import FollowedJob

__all__ = ["command"]


@click.command(name="result", short_help="Fetch the results of finished requests.")
@click.argument("request_ids", nargs=-1, required=True, metavar="REQUEST_ID...")
@saving_options
@output_options
@service_options
def command(
    out: CommandOutput,
    service: Service,
    request_ids: tuple[str, ...],
    folder: str,
    name: str | None,
    no_save: bool,
) -> int:
    """Fetch each result and save its files, without waiting. The exit status is 75 if a job is still running."""
    from runcomfy.cli.following import follow
    from runcomfy.cli.saving import Saving

    saving = Saving(None if no_save else folder, name)
    saving.prepare()
    with (
        service.journal_if_any() as journal,
        service.async_clients(journal) as make_client,
    ):
        calls = [_call(request_id) for request_id in request_ids]
        return follow(make_client, calls, out, saving, submitting=False)


def _call(request_id: str) -> FollowedJob:
    from runcomfy.cli.following import FollowedJob

    async def call(client: AsyncClient, on_status: Callable[[Status], None]) -> Any:
        del on_status
        return await client.job(request_id).result()

    return FollowedJob(call)
