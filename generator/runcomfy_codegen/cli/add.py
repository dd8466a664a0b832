"""``runcomfy-codegen add``: store the schemas of documentation pages."""

from __future__ import annotations

import click

from runcomfy.cli.exit_codes import DONE

from .statuses import status_of

__all__ = ["command"]


@click.command("add")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "--schemas",
    default="schemas",
    show_default=True,
    metavar="DIR",
    help="Folder to store the schemas in.",
)
@click.option("--model-id", metavar="ID", help="The model, for a source that does not name it.")
@click.option(
    "--prefer",
    multiple=True,
    metavar="SOURCE",
    help="Take this document for its model even if another, or the stored one, is better.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
def command(
    sources: tuple[str, ...],
    schemas: str,
    model_id: str | None,
    prefer: tuple[str, ...],
    as_json: bool,
) -> int:
    """Store the schemas of documentation pages.

    Finds the model id, the schemas and the example in each page and stores their exact text under
    schemas/<model id>/. A SOURCE is a saved page (text or HTML), a folder of pages, a file with the JSON
    blocks or a catalogue answer, or - for standard input.
    """
    from runcomfy_codegen.ingest.command import AddOptions, run

    faults = run(AddOptions(sources, schemas, model_id, prefer, as_json))
    return max(map(status_of, faults), default=DONE)
