"""``runcomfy-py mcp``: an MCP server for agents."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from runcomfy.errors import MissingExtra

from .option_types import Number
from .output import Output, output_options
from .service import Service, service_options

__all__ = ["command"]


@click.command(name="mcp", short_help="Run an MCP server for agents.")
@click.option(
    "--http", is_flag=True, help="Serve HTTP on 127.0.0.1 instead of standard input and output."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    help="With --http: the port; 0 picks a free one.",
)
@click.option(
    "--budget",
    type=Number(min=0, min_open=True),
    metavar="USD",
    help="Submit without asking while estimates fit in this, for the server's life.",
)
@click.option(
    "--budget-day",
    type=Number(min=0, min_open=True),
    metavar="USD",
    help="The same for a day in UTC, counted in the journal, batches included.",
)
@click.option("--read-only", is_flag=True, help="Offer no submit and no cancel.")
@click.option(
    "--allow",
    multiple=True,
    metavar="GLOB",
    help="Allow only models whose id fits. Can be repeated.",
)
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Let inputs name files below this folder. Can be repeated.",
)
@click.option(
    "folder",
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder that results are saved in.",
)
@output_options
@service_options
def command(out: Output, service: Service, http: bool, port: int, **options: Any) -> None:
    """Serve eight tools to an agent: search_models, describe_model, check, submit, wait, result, cancel, history.

    Without a budget a person is asked, through the client, before anything is paid. The same key is never paid twice.
    """
    try:
        from runcomfy.mcp.server import HttpServer, serve_stdio
        from runcomfy.mcp.settings import Settings
    except ImportError:
        raise MissingExtra("the MCP server", "mcp") from None
    with service.settings() as reached:
        settings = Settings(
            out=options["folder"],
            roots=options["roots"],
            allow=options["allow"] or ("*",),
            read_only=options["read_only"],
            budget=options["budget"],
            budget_day=options["budget_day"],
            base_url=reached.get("base_url"),
            token=reached.get("token"),
            journal=service.journal_path,
        )
        if not http:
            serve_stdio(settings)
            return
        server = HttpServer(settings, port)
        out.line(server.url)
        out.line(f"Authorization: Bearer {server.token}")
        sys.stdout.flush()  # whoever started it may be waiting for the address
        server.serve()
