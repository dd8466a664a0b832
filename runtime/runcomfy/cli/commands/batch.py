"""``runcomfy-py batch``: many requests of one model in one folder, resumable after a kill."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from runcomfy.cli.engine_options import engine_options
from runcomfy.cli.model_packages import package_option
from runcomfy.cli.option_types import Number
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, service_options

__all__ = ["command"]

#: Words accepted instead of a model: they inspect a folder, or control a batch that runs in another terminal.
_ACTIONS = ("status", "pause", "resume", "limit")
_METAVAR = "MODEL INPUT --out FOLDER"


class BatchCommand(click.Command):
    """``batch MODEL INPUT``, and ``batch status FOLDER`` and its like."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # the signature of click
        """The forms that the command has."""
        return ["[OPTIONS]", "MODEL INPUT --out FOLDER |", f"({'|'.join(_ACTIONS)}) FOLDER"]


@click.command(
    cls=BatchCommand, name="batch", short_help="Run a file of requests as a resumable batch."
)
@click.argument("model", metavar="MODEL")
@click.argument("source", metavar="INPUT")
@click.option(
    "folder",
    "-o",
    "--out",
    "--output",
    metavar="FOLDER",
    help="Folder of the batch: journal, results and files.",
)
@click.option(
    "--format",
    type=click.Choice(["jsonl", "csv", "tsv", "parquet"]),
    help="Format of INPUT.  [default: by its file name]",
)
@click.option(
    "mapped",
    "--map",
    multiple=True,
    metavar="COLUMN=INPUT",
    help="Read INPUT from the column COLUMN; INPUT may be key.",
)
@click.option(
    "--ignore", multiple=True, metavar="COLUMN", help="Do not send this column. Can be repeated."
)
@click.option(
    "fixed", "--set", multiple=True, metavar="NAME=VALUE", help="Set an input for all rows."
)
@click.option(
    "templates",
    "--template",
    multiple=True,
    metavar="NAME=TEXT",
    help="Build an input from columns: prompt='a {animal}'.",
)
@click.option(
    "grids",
    "--grid",
    multiple=True,
    metavar="NAME=A,B,C",
    help="Run each row once per value.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Maximum number of requests in flight.",
)
@click.option(
    "--submits",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Maximum number of concurrent submits.",
)
@click.option(
    "--rate", type=Number(min=0, min_open=True), help="Maximum number of submits per second."
)
@click.option(
    "--max-cost", type=Number(min=0), metavar="USD", help="Stop before this cost is exceeded."
)
@click.option("--max-requests", type=click.IntRange(min=1), help="Stop after this many submits.")
@click.option(
    "--price",
    type=Number(min=0),
    metavar="USD",
    help="Cost estimate of one request.  [default: the catalogue's price]",
)
@click.option(
    "--price-margin",
    type=Number(min=1),
    default=1.0,
    show_default=True,
    help="Reserve the estimate times this factor.",
)
@click.option(
    "--timeout",
    type=Number(min=0),
    metavar="SECONDS",
    default=3600.0,
    show_default=True,
    help="Timeout of each request.",
)
@click.option(
    "--name",
    metavar="TEMPLATE",
    default="{row:05}-{index}{extension}",
    show_default=True,
    help="Template of file names: {row}, {key}, {model}, {index}, {extension} or {ext}.",
)
@click.option(
    "--bucket",
    metavar="URL",
    help="Save files into this bucket (s3://bucket/folder) instead of FOLDER.",
)
@click.option("--no-save", is_flag=True, help="Do not save files.")
@click.option("--skip-invalid", is_flag=True, help="Skip invalid rows instead of stopping.")
@click.option(
    "--allow",
    multiple=True,
    metavar="RULE",
    help="Accept rows that violate this rule, such as unknown-input.",
)
@click.option(
    "--retry-failed",
    is_flag=True,
    help="Rerun failed and cancelled rows, but never unknown ones.",
)
@click.option("--stop-on-error", is_flag=True, help="Stop at the first row that fails.")
@click.option(
    "--accept-restored", is_flag=True, help="Continue with a journal that was restored from a copy."
)
@click.option(
    "--dry-run", is_flag=True, help="Validate all rows, report counts and cost, and submit nothing."
)
@engine_options("Run the rows in this process, or on Ray.")
@click.option(
    "--notify",
    metavar="COMMAND",
    help="Run this command at the end, with the summary on its standard input.",
)
@package_option
@output_options
@service_options
def command(
    out: CommandOutput,
    service: Service,
    model: str,
    source: str,
    folder: str | None,
    **options: Any,
) -> int:
    """Run each row of INPUT (.jsonl, .csv, .tsv, .parquet, or - for JSON Lines) as a request of MODEL.

    All rows are validated before the first submit. FOLDER holds the batch: the same command resumes it, never pays twice, and lists rows
    with an unknown outcome. Columns map to inputs by name; a column named key or id holds the row's key. Paths in media columns are
    relative to INPUT. results.jsonl has one line per row.

    From another terminal: `batch status FOLDER`, `batch pause FOLDER`, `batch resume FOLDER`, `batch limit FOLDER --max-cost USD`.
    """
    if model in _ACTIONS:
        from .batch_actions import act

        source_of = click.get_current_context().get_parameter_source
        margin = (
            None
            if source_of("price_margin") is ParameterSource.DEFAULT
            else options["price_margin"]
        )
        return act(out, model, source, options["max_cost"], margin)
    if folder is None and options["dry_run"]:
        from tempfile import gettempdir
        from uuid import uuid4

        folder = f"{gettempdir()}/runcomfy-{uuid4()}"  # a dry run writes nothing
    if folder is None:
        raise click.UsageError("Missing option '--out': the folder of the batch.")
    if "://" in folder:
        from shlex import quote

        raise click.UsageError(
            f"--out {quote(folder)} cannot hold the batch's journal: pass --out FOLDER --bucket {quote(folder)}."
        )
    from .batch_run import run_batch

    return run_batch(out, service, model, source, folder, options)
