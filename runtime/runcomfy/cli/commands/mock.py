"""``runcomfy-py mock``: a local mock of the API."""

from __future__ import annotations

import time
from threading import Event
from typing import TYPE_CHECKING

import click

from runcomfy.cli.model_packages import package_option
from runcomfy.cli.option_types import Number
from runcomfy.redaction import Redactor

if TYPE_CHECKING:
    from runcomfy.mock import Asked, MockService

__all__ = ["command"]


@click.command(name="mock", short_help="Run a local mock of the RunComfy API.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen on this address.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8765,
    show_default=True,
    help="Listen on this port; 0 is any free port.",
)
@click.option(
    "--db",
    type=click.Path(dir_okay=False),
    metavar="PATH",
    help="Keep requests in this SQLite file across restarts.",
)
@click.option(
    "--queue-seconds",
    type=Number(min=0),
    default=2.0,
    show_default=True,
    help="Seconds that each request is queued.",
)
@click.option(
    "--run-seconds",
    type=Number(min=0),
    default=3.0,
    show_default=True,
    help="Seconds that each request runs.",
)
@click.option(
    "--concurrency", type=click.IntRange(min=1), help="Run at most this many requests at once."
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:ACTION[:TIMES]]",
    help="Inject this fault, once, TIMES times or 'always'. Can be repeated.",
)
@click.option(
    "--chaos",
    type=Number(0, 1),
    metavar="RATE",
    help="Inject a random fault into each request with this probability.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed.")
@click.option("--list-faults", is_flag=True, help="List the available faults and exit.")
@package_option
def command(
    host: str,
    port: int,
    db: str | None,
    queue_seconds: float,
    run_seconds: float,
    concurrency: int | None,
    faults: tuple[str, ...],
    chaos: float | None,
    seed: int,
    list_faults: bool,
) -> None:
    """Run a local mock of the RunComfy API. Nothing is billed.

    Serves every installed model and accepts any token. Logs each request on one line. Ctrl-C stops
    the server.
    """
    if list_faults:
        _list_faults()
        return
    from runcomfy.testing import mock_service

    ended = Event()
    service = mock_service(
        path=db,
        host=host,
        port=port,
        watch=_RequestFeed(ended),
        queue_seconds=queue_seconds,
        run_seconds=run_seconds,
        concurrency=concurrency,
        keep_log=False,
    )
    _prepare(service, faults, chaos, seed)
    try:
        service.start()
    except OSError as error:
        raise click.ClickException(
            f"Port {port} of {host} cannot be used: {error.strerror or error}. Give another --host, or "
            "another --port; 0 is any that is free."
        ) from None
    try:
        _greet(service)
        ended.wait()
    except KeyboardInterrupt:
        click.echo("\nEnded.")
    finally:
        service.close()


def _greet(service: MockService) -> None:
    click.echo(f"The mock service is listening on {service.url} (Ctrl-C stops it). To use it:")
    click.echo("\n    from runcomfy import Client")
    click.echo(f'    client = Client(base_url="{service.url}", token="any")\n')


def _prepare(service: MockService, faults: tuple[str, ...], chaos: float | None, seed: int) -> None:
    from runcomfy.mock.fault_rules import read_rule

    for text in faults:
        try:
            service.add_rule(read_rule(text))
        except ValueError as error:
            raise click.UsageError(
                f"--fault {text}: {_sentence(error)} See --list-faults."
            ) from None
    if chaos is not None:
        service.chaos(chaos, seed=seed)


def _sentence(error: Exception) -> str:
    words = str(error)
    return words if words.endswith("?") else f"{words}."


def _list_faults() -> None:
    from runcomfy.testing import all_faults

    faults = all_faults()
    every = {action for fault in faults.values() for action in fault.on}
    for fault in faults.values():
        actions = "any action" if every == {*fault.on} else ", ".join(fault.on)
        click.echo(f"{fault.name:24}{fault.about}  [{actions}]")


class _RequestFeed:
    """Prints a line per request. Stops the mock once its output is closed."""

    def __init__(self, ended: Event) -> None:
        self._ended = ended

    def __call__(self, asked: Asked) -> None:
        """Print the request with its token redacted."""
        hidden = Redactor(asked.token or "")
        address = asked.path + (f"?{asked.query}" if asked.query else "")
        status = "no response" if asked.status is None else str(asked.status)
        fault = f"  fault: {asked.fault}" if asked.fault else ""
        clock = time.strftime("%H:%M:%S")
        try:
            click.echo(f"{clock}  {status:9}  {asked.method:4} {hidden(address)}{fault}")
        except OSError:
            self._ended.set()
