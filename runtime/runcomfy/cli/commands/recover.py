"""``runcomfy-py recover``: wait for everything that was paid for, and save it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runcomfy.cli.exit_codes import DONE, TRY_LATER, UNKNOWN, status_of, worst
from runcomfy.cli.option_types import Number
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, service_options

if TYPE_CHECKING:
    from runcomfy import AsyncClient, Journal
    from runcomfy.journal import Recovery

__all__ = ["command"]


@click.command(name="recover", short_help="Finish all submitted requests and save their files.")
@click.option(
    "-o",
    "--output",
    "--out",
    "folder",
    metavar="FOLDER",
    default=".",
    show_default="the current folder",
    help="Save files here, unless the request specified a folder.",
)
@click.option(
    "--timeout",
    type=Number(min=0),
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait at most this long for each request.",
)
@output_options
@service_options
def command(out: CommandOutput, service: Service, folder: str, timeout: float) -> int:
    """Wait for every unfinished request in the journal, and save all unsaved files.

    Submits nothing. Lists requests with an unknown outcome; settle them with `runcomfy-py journal resolve`.
    """
    from runcomfy.cli.failures import describe
    from runcomfy.cli.terminal import complain

    place = Path(folder).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    try:
        with (
            service.journal() as journal,
            service.async_clients(journal) as make_client,
        ):
            found = asyncio.run(_recover(make_client, journal, place, timeout))
    except KeyboardInterrupt as stop:
        stop.add_note("unfinished requests continue at the service; to resume: runcomfy-py recover")
        raise
    statuses = [DONE]
    groups = (
        ("finished", found.finished),
        ("running", found.running),
        ("unknown", found.unknown),
        ("failed", [entry for entry, _ in found.failed]),
    )
    for group, entries in groups:
        for entry in entries:
            paths = [str(file.place) for file in entry.files if file.place is not None]
            if out.as_json:
                document = {"outcome": group, "key": entry.key, "state": entry.state}
                out.json({**document, "request_id": entry.request_id, "files": paths})
            elif group == "finished":
                for path in paths:
                    out.line(os.path.relpath(path))
                out.note(f"request {entry.request_id}: {entry.state}")
            else:
                out.note(f"request {entry.request_id or '(no id)'} of key {entry.key}: {group}")
    for _, error in found.failed:
        complain(describe(error))
        statuses.append(status_of(error))
    statuses += [TRY_LATER] * bool(found.running) + [UNKNOWN] * bool(found.unknown)
    return worst(statuses)


async def _recover(
    make_client: Callable[[], AsyncClient], journal: Journal, folder: Path, timeout: float
) -> Recovery:
    async with make_client() as client:
        return await journal.recover_async(client, folder=folder, timeout=timeout)
