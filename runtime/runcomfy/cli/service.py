"""Which service a command talks to, and with which token: ``--base-url``, ``--mock``, and the stored token."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .output import Output

if TYPE_CHECKING:
    from pathlib import Path

    from runcomfy import AsyncClient, Client

__all__ = ["Service", "service_options", "state_folder"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_VARIABLE = "RUNCOMFY_BASE_URL"


def state_folder() -> Path:
    """Where this user's state is kept: ``$XDG_STATE_HOME/runcomfy``, else in ``~/.local/state``."""
    from pathlib import Path  # help texts start without it

    home = os.environ.get("XDG_STATE_HOME", "")
    # Relative ones are ignored, as the specification of these folders wants it.
    base = Path(home) if Path(home).is_absolute() else Path.home() / ".local" / "state"
    return base / "runcomfy"


class Service:
    """The real service, one at another address, or the local mock."""

    def __init__(self, base_url: str | None, *, mock: bool, out: Output) -> None:
        self._base_url = base_url
        self._out = out
        self.mock = mock

    @property
    def address(self) -> str:
        """The address that is given, or that of RunComfy; examples show it."""
        from runcomfy.client.settings import BASE_URL

        return self._base_url or BASE_URL

    @property
    def name(self) -> str:
        """The service in messages: its address, or that it is the mock."""
        return "the local mock" if self.mock else self.address

    @contextmanager
    def settings(self) -> Iterator[dict[str, Any]]:
        """What a client is made with, for as long as it is used: the mock runs meanwhile."""
        _log_to_stderr(self._out)
        if not self.mock:
            yield {} if self._base_url is None else {"base_url": self._base_url}
            return
        from .local_mock import running_mock

        with running_mock(state_folder()) as settings:
            yield settings

    @contextmanager
    def client(self, **options: Any) -> Iterator[Client]:
        """A client of the service."""
        from runcomfy import Client

        with self.settings() as settings, Client(**settings, **options) as client:
            yield client

    @contextmanager
    def async_client_settings(self, **options: Any) -> Iterator[Callable[[], AsyncClient]]:
        """What makes an asynchronous client of the service."""
        from runcomfy import AsyncClient

        with self.settings() as settings:
            yield lambda: AsyncClient(**settings, **options)


def service_options(command: CommandT) -> CommandT:
    """The options ``--base-url`` and ``--mock``; the command is given a ``Service`` as ``service``.

    It stands below ``output_options``.
    """

    @click.option(
        "--base-url",
        envvar=_VARIABLE,
        metavar="URL",
        help=f"The address of the service [also: {_VARIABLE}].",
    )
    @click.option("--mock", is_flag=True, help="Use a local mock: no account, no cost.")
    @functools.wraps(command)
    def wrapped(*arguments: Any, base_url: str | None, mock: bool, **options: Any) -> Any:
        service = Service(base_url, mock=mock, out=options["out"])
        return command(*arguments, service=service, **options)

    return wrapped  # type: ignore[return-value]  # click calls it, whatever its signature


def _log_to_stderr(out: Output) -> None:
    """Show what the library logs: warnings, with ``--verbose`` all that it does, with ``--quiet`` nothing."""
    import logging

    from .terminal import complain

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            stop = sys.exc_info()[1]
            if stop is not None and not isinstance(stop, Exception):
                return  # of an interruption, the command tells what it left behind
            word = "warning: " if record.levelno >= logging.WARNING else ""
            complain(f"{word}{record.getMessage()}")

    level = logging.INFO if out.verbose else logging.ERROR if out.quiet else logging.WARNING
    logger = logging.getLogger("runcomfy")
    logger.handlers[:] = [Handler()]
    logger.setLevel(level)
    logger.propagate = False
