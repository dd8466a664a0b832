"""``runcomfy-py batch``: many requests of one model in one folder, that can be killed and goes on where it was."""

from __future__ import annotations

from typing import Any

import click

from .option_types import Number
from .output import Output, output_options
from .service import Service, service_options

__all__ = ["command"]

#: What may stand in the place of a model: it looks at a folder, or changes a batch that runs elsewhere.
_ACTIONS = ("status", "pause", "resume", "limit")
_METAVAR = "MODEL INPUT --out FOLDER"


class BatchCommand(click.Command):
    """``batch MODEL INPUT``, and ``batch status FOLDER`` and its like."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # the signature of click
        """The forms that the command has."""
        return ["[OPTIONS]", "MODEL INPUT --out FOLDER |", f"({'|'.join(_ACTIONS)}) FOLDER"]


@click.command(cls=BatchCommand, name="batch", short_help="Run a file of requests in a folder.")
@click.argument("model", metavar="MODEL")
@click.argument("source", metavar="INPUT")
@click.option(
    "folder", "--out", metavar="FOLDER", help="Folder of the batch: journal, results and files."
)
@click.option(
    "--format",
    type=click.Choice(["jsonl", "csv", "tsv", "parquet"]),
    help="Format of INPUT, where its name does not tell.",
)
@click.option(
    "mapped",
    "--map",
    multiple=True,
    metavar="COLUMN=INPUT",
    help="Read an input from a column of another name.",
)
@click.option(
    "fixed", "--set", multiple=True, metavar="NAME=VALUE", help="Set an input for all rows."
)
@click.option(
    "templates",
    "--template",
    multiple=True,
    metavar="NAME=TEXT",
    help="Fill a text with columns: prompt='a {animal}'.",
)
@click.option(
    "grids",
    "--grid",
    multiple=True,
    metavar="NAME=A,B,C",
    help="Run each row with each of these values.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), default=200, show_default=True, help="Requests in flight."
)
@click.option(
    "--submits",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Requests being submitted at once.",
)
@click.option("--rate", type=Number(min=0, min_open=True), help="Most submits a second.")
@click.option("--max-cost", type=Number(min=0), metavar="USD", help="Stop before this is exceeded.")
@click.option("--max-requests", type=click.IntRange(min=1), help="Stop after so many submits.")
@click.option(
    "--price",
    type=Number(min=0),
    metavar="USD",
    help="Estimate for one request.  [default: the catalogue's price]",
)
@click.option(
    "--price-margin",
    type=Number(min=1),
    default=1.0,
    show_default=True,
    help="Reserve this many times the estimate.",
)
@click.option(
    "--timeout",
    type=Number(min=0),
    metavar="SECONDS",
    default=3600.0,
    show_default=True,
    help="Time for each request.",
)
@click.option(
    "--name",
    metavar="TEMPLATE",
    default="{row:05}-{index}{extension}",
    show_default=True,
    help="File names, from {row}, {key}, {model}, {index}, {extension}.",
)
@click.option("--no-save", is_flag=True, help="Save no files.")
@click.option("--skip-invalid", is_flag=True, help="Leave invalid rows out instead of stopping.")
@click.option(
    "--allow",
    multiple=True,
    metavar="RULE",
    help="Let rows pass that break this rule, such as unknown-input.",
)
@click.option(
    "--retry-failed",
    is_flag=True,
    help="Run failed and cancelled rows again; unknown ones never are.",
)
@click.option("--stop-on-error", is_flag=True, help="Stop at the first row that fails.")
@click.option(
    "--accept-restored", is_flag=True, help="Go on with a journal that was restored from a copy."
)
@click.option(
    "--dry-run", is_flag=True, help="Check all rows, tell counts and cost, and send nothing."
)
@click.option(
    "--notify",
    metavar="COMMAND",
    help="Run this command at the end; the summary is its standard input.",
)
@output_options
@service_options
def command(
    out: Output, service: Service, model: str, source: str, folder: str | None, **options: Any
) -> int:
    """Run each row of INPUT (.jsonl, .csv, .tsv, .parquet, or - for JSON Lines) as a request of MODEL.

    All rows are checked before the first one is paid. FOLDER keeps the batch: the same command again goes on where it was, pays for
    nothing twice, and lists what is unknown. Columns are inputs by name; a column key or id is the row's key. Paths in
    media columns are relative to INPUT. results.jsonl has a line for each row.

    From another terminal: `batch status FOLDER`, `batch pause FOLDER`, `batch resume FOLDER`, `batch limit FOLDER --max-cost USD`.
    """
    if model in _ACTIONS:
        from .batch_actions import act

        return act(out, model, source, options["max_cost"], options["price_margin"])
    if folder is None:
        raise click.UsageError("Missing option '--out': the folder that keeps the batch.")
    from .batch_run import run_batch

    return run_batch(out, service, model, source, folder, options)
