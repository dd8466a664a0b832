"""``runcomfy-py mcp``: an MCP server for agents."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import click

from runcomfy.cli.model_packages import package_option
from runcomfy.cli.option_types import Number
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, service_options
from runcomfy.errors import MissingExtra

__all__ = ["command"]


@click.command(name="mcp", short_help="Run an MCP server for agents.")
@click.option("--http", is_flag=True, help="Serve over HTTP on 127.0.0.1 instead of stdio.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    help="Port for --http; 0 picks a free one.",
)
@click.option(
    "--budget",
    type=Number(min=0, min_open=True),
    metavar="USD",
    help="Submit without consent up to this total cost, for the lifetime of the server.",
)
@click.option(
    "--budget-day",
    type=Number(min=0, min_open=True),
    metavar="USD",
    help="Submit without consent up to this cost per UTC day, as recorded in the journal, batches included.",
)
@click.option("--read-only", is_flag=True, help="Disable submit and cancel.")
@click.option(
    "--allow",
    multiple=True,
    metavar="GLOB",
    help="Allow only models whose id matches. Can be repeated.",
)
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Allow inputs to read files below this folder. Can be repeated.",
)
@click.option(
    "folder",
    "-o",
    "--out",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder for saved results.",
)
@package_option
@output_options
@service_options
def command(out: CommandOutput, service: Service, http: bool, port: int, **options: Any) -> None:
    """Serve eight tools to an agent: search_models, describe_model, check, submit, wait, result, cancel, history.

    Without a budget, each submit needs the consent of the user, who is asked through the MCP client. The same key is never paid twice.
    """
    gc.disable()  # importing the SDK creates thousands of classes; garbage collection takes a tenth of the start-up time
    try:
        from runcomfy.mcp.server import HttpServer, serve_stdio
        from runcomfy.mcp.settings import AgentSettings
    except ImportError:
        raise MissingExtra("the MCP server", "mcp") from None
    finally:
        gc.enable()
    with service.settings() as reached:
        settings = AgentSettings(
            out=options["folder"],
            roots=options["roots"],
            allow=options["allow"] or ("*",),
            read_only=options["read_only"],
            budget=options["budget"],
            budget_day=options["budget_day"],
            base_url=reached.get("base_url"),
            token=reached.get("token"),
            journal=service.journal_path,
            place=_place(service),
        )
        if not http:
            serve_stdio(settings)
            return
        server = HttpServer(settings, port)
        out.line(server.url)
        out.line(f"Authorization: Bearer {server.token}")
        sys.stdout.flush()  # whoever started it may be waiting for the address
        server.serve()


def _place(service: Service) -> str:
    from runcomfy.client.settings import BASE_URL

    if service.mock:
        return "on a local mock, where nothing is billed"
    return "at RunComfy" if service.address == BASE_URL else f"at {service.address}"
