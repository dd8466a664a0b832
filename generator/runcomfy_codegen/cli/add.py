"""``runcomfy-codegen add``: store the schemas of documentation pages."""

from __future__ import annotations

from typing import TextIO

import click

from runcomfy.cli.exit_codes import DONE

from .error_exit_codes import status_of

__all__ = ["command"]


@click.command("add")
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option(
    "--from-list",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help="Read more sources from FILE, one per line; lines that start with # are skipped.",
)
@click.option(
    "--schemas",
    default="schemas",
    show_default=True,
    metavar="DIR",
    help="Folder to store the schemas in.",
)
@click.option("--model-id", metavar="ID", help="Model id for a source that does not contain one.")
@click.option(
    "--prefer",
    multiple=True,
    metavar="SOURCE",
    help="Use this document for its model, even if another or the stored one is better.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="HOST:PORT",
    help="Allow pages from this host, even if it is not on the public internet.",
)
@click.option(
    "--keep-going", is_flag=True, help="Store the valid pages; exit with 65 if any is invalid."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def command(
    sources: tuple[str, ...],
    from_list: TextIO | None,
    schemas: str,
    model_id: str | None,
    prefer: tuple[str, ...],
    allow_hosts: tuple[str, ...],
    keep_going: bool,
    as_json: bool,
) -> int:
    """Store the schemas of documentation pages.

    Extracts the model id, the schemas and the example from each page, and stores their exact text in
    schemas/<model id>/. A SOURCE is a saved page (text, HTML or MHTML), a folder of pages, a URL, a file with
    the JSON blocks or a catalogue answer, or - for standard input.
    """
    from runcomfy_codegen.ingest.command import AddOptions, run

    lines = [line.strip() for line in from_list or ()]
    given = [*sources, *(line for line in lines if line and not line.startswith("#"))]
    if not given:
        raise click.UsageError("Pass a SOURCE, or a list of sources with --from-list.")
    faults = run(AddOptions(given, schemas, model_id, prefer, as_json, allow_hosts, keep_going))
    return max(map(status_of, faults), default=DONE)
