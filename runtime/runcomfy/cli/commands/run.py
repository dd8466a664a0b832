"""``runcomfy-py run``: check, submit, follow, save."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runcomfy.cli.option_types import Number
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.requests import ModelCommand, ModelInputs, request_options
from runcomfy.cli.saving_options import saving_options
from runcomfy.cli.service import Service, service_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from runcomfy import AsyncClient, Status
    from runcomfy.cli.following import FollowedJob

__all__ = ["command"]

_MOST = 100


@click.command(cls=ModelCommand, name="run", short_help="Run a model and save its output files.")
@request_options
@saving_options
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, _MOST),
    default=1,
    help="Run the model this many times concurrently.",
)
@click.option("--no-wait", is_flag=True, help="Submit without waiting, and print the request id.")
@click.option(
    "--timeout",
    type=Number(min=0),
    metavar="SECONDS",
    help="Stop waiting after this time; the job keeps running.  [default: 3600]",
)
@output_options
@service_options
def command(
    out: CommandOutput,
    service: Service,
    wanted: ModelInputs,
    folder: str,
    name: str | None,
    no_save: bool,
    count: int,
    no_wait: bool,
    timeout: float | None,
) -> int:
    """Run MODEL with inputs given as NAME=VALUE, and save its output files.

    Values are parsed by the types in the model's schema: seed=7, images=@a.png images=@b.png (local
    files), prompt=@text.txt (the text of a file). @@ is a literal @. All inputs are validated before
    the submit. `runcomfy-py run MODEL --help` shows the inputs of a model.

    Writes the paths of the saved files to standard output, one per line. Ctrl-C cancels the job if it is
    still queued, and reports the outcome.
    """
    if no_wait:
        from .submit import submit

        return submit(out, service, wanted, count, None if no_save else folder)
    from runcomfy.cli.before_paying import check_before_paying, prices, ways
    from runcomfy.cli.following import follow
    from runcomfy.cli.saving import Saving

    saving = Saving(None if no_save else folder, name)
    saving.prepare()
    options = {} if timeout is None else {"timeout": timeout}
    with (
        service.journal(prices=prices(wanted)) as journal,
        service.async_clients(journal, **wanted.checks) as make_client,
    ):
        check_before_paying(service, wanted, count, journal)
        calls = [_call(wanted, {**options, **how}) for how in ways(wanted, count, saving.folder)]
        return follow(make_client, calls, out, saving, submitting=True)


def _call(wanted: ModelInputs, options: dict[str, Any]) -> FollowedJob:
    from runcomfy.cli.following import FollowedJob

    async def call(client: AsyncClient, on_status: Callable[[Status], None]) -> Any:
        return await client.run(wanted.model_id, wanted.payload, on_status=on_status, **options)

    return FollowedJob(call, options["key"])
