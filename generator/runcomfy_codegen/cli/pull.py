"""``runcomfy-codegen pull``: bring in the models of the live catalogue."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from runcomfy.cli.exit_codes import BAD_DATA, DONE
from runcomfy_codegen.console import show

__all__ = ["command"]


@click.command("pull")
@click.option(
    "--search", metavar="WORDS", help="Pull only models whose id, name or description matches."
)
@click.option("--category", metavar="NAME", help="Pull only models of this category.")
@click.option(
    "--kind", metavar="NAME", help="Pull only models of this kind, such as model or workflow."
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="GLOB",
    help="Pull only models whose id matches. Can be repeated.",
)
@click.option("--all", "everything", is_flag=True, help="Pull every model, ignoring the settings.")
@click.option(
    "--schemas",
    type=click.Path(path_type=Path),
    default=Path("schemas"),
    show_default=True,
    metavar="DIR",
    help="Folder to store the schemas in.",
)
@click.option("--prune", is_flag=True, help="Remove models that are no longer in the catalogue.")
@click.option("--dry-run", is_flag=True, help="Write nothing; report what would change.")
@click.option("--restart", is_flag=True, help="Start over instead of resuming an interrupted pull.")
@click.option(
    "--base-url",
    envvar="RUNCOMFY_BASE_URL",
    metavar="URL",
    help="URL of the service [also: RUNCOMFY_BASE_URL].",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def command(
    search: str | None,
    category: str | None,
    kind: str | None,
    models: tuple[str, ...],
    everything: bool,
    schemas: Path,
    prune: bool,
    dry_run: bool,
    restart: bool,
    base_url: str | None,
    as_json: bool,
) -> int:
    """Store the schemas of the live catalogue.

    Without a selection (--all, --model, --search, --category, --kind), update the stored models. Each input schema is
    stored as the exact text received, with price, unit, categories, kind and name in source.json. Texts and output
    schemas from pages are kept. Requires a token, like the client.
    """
    from runcomfy_codegen.catalogue.pull import PullOptions, pull, show_progress
    from runcomfy_codegen.catalogue.reader import BASE_URL, CatalogueQuery, open_client
    from runcomfy_codegen.catalogue.waiting import waits_are_told

    query = CatalogueQuery(search, category, kind)
    address = base_url or BASE_URL
    options = PullOptions(schemas, address, query, models, everything, prune, dry_run, restart)
    with open_client(address) as client, waits_are_told():
        report = pull(client, options, show_progress)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if as_json:
        sys.stdout.write(json.dumps(report.as_dict(), indent=2) + "\n")
    else:
        for line in report.lines():
            show(line, sys.stdout)
    return BAD_DATA if report.unusable or not report.complete else DONE
