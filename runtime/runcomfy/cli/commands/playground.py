"""``runcomfy-py playground``: a local web page to try models."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click

from runcomfy.cli.model_packages import package_option
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.errors import MissingExtra

__all__ = ["command"]


@click.command(name="playground", short_help="Try models on a local web page.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    help="Port to listen on; 0 picks a free one.",
)
@click.option("--no-browser", is_flag=True, help="Print the URL instead of opening it.")
@click.option(
    "--live",
    is_flag=True,
    help="Run requests on RunComfy, where they are billed.  [default: a local mock]",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    metavar="USD",
    help="With --live: run without confirmation up to this total cost.",
)
@click.option(
    "folder",
    "-o",
    "--out",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("playground"),
    show_default=True,
    help="Folder for saved results.",
)
@click.option(
    "--base-url", envvar="RUNCOMFY_BASE_URL", metavar="URL", help="URL of the service, with --live."
)
@package_option
@output_options
def command(
    port: int,
    no_browser: bool,
    live: bool,
    budget: float | None,
    out: CommandOutput,
    **options: Any,
) -> None:
    """Serve a local web page with a form for every installed model, validated as you type, and the runs with their results.

    The page serves one browser session: its URL holds a single-use token. Ctrl-C stops the server. Runs continue at the service and
    stay in the journal.
    """
    try:
        from runcomfy.playground import Playground, PlaygroundSettings
    except ImportError:
        raise MissingExtra("the playground", "playground") from None
    settings = PlaygroundSettings(
        live=live, port=port, budget=budget, base_url=options["base_url"], out=options["folder"]
    )
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with Playground(settings) as playground:
        out.line(playground.address)
        sys.stdout.flush()  # whoever started it may be waiting for the address
        out.note("The URL works once, in one browser. Ctrl-C stops the playground.")
        if not no_browser:
            click.launch(playground.address)
        try:
            while not ended.wait(3600):
                pass
        except KeyboardInterrupt:
            out.note("Stopped.")
