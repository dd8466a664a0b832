"""``runcomfy-py gallery``: one HTML page of the results of a batch or of the user's journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runcomfy.cli.output import CommandOutput, output_options

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["command"]


@click.command(name="gallery", short_help="Write an HTML page of the results.")
@click.argument("source", metavar="[FOLDER|JOURNAL]", required=False)
@click.option(
    "page",
    "-o",
    "--out",
    "--output",
    metavar="FILE",
    help="File to write.  [default: gallery.html next to the journal]",
)
@click.option("--mock", is_flag=True, help="Show the journal of the local mock.")
@click.option("--title", help="Heading of the page.  [default: the folder's name]")
@output_options
def command(
    out: CommandOutput, source: str | None, page: str | None, mock: bool, title: str | None
) -> None:
    """Write one HTML file with the images, video and audio of FOLDER (a batch) or JOURNAL, with inputs, costs and errors.

    Without an argument, use the journal of the command line. The page loads nothing from the network.
    """
    from pathlib import Path

    from runcomfy.batch.folder import JOURNAL, RESULTS
    from runcomfy.cli.service import Service
    from runcomfy.gallery import items_of, write_gallery
    from runcomfy.journal import Journal

    path = Path(source) if source else Service(None, mock=mock, out=out).journal_path
    if path.is_dir():
        path /= JOURNAL
    if not path.is_file():
        raise click.UsageError(f"{path} is not a journal: pass a batch folder or a journal file.")
    wanted = Path(page) if page else path.with_name("gallery.html")
    with Journal(path) as journal:
        entries = journal.entries()
        rows = _rows_by_key(path.with_name(RESULTS))
        if rows:
            entries = iter(sorted(entries, key=lambda entry: rows.get(entry.key, len(rows))))
        written = write_gallery(items_of(entries), wanted, title=title or path.parent.name)
    out.line(str(written))


def _rows_by_key(results: Path) -> dict[str, int]:
    """The place of each row of a batch, by its key; empty where there are no readable results."""
    import json

    try:
        with results.open(encoding="utf-8") as lines:
            return {json.loads(line)["key"]: place for place, line in enumerate(lines)}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
