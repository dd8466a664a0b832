"""Which service a command talks to, with which token and journal: ``--base-url`` and ``--mock``."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from .next_command import remember_service
from .output import CommandOutput

if TYPE_CHECKING:
    from pathlib import Path

    from runcomfy import AsyncClient, Client, Journal

__all__ = ["Service", "journal_option", "service_options", "state_folder"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_VARIABLE = "RUNCOMFY_BASE_URL"


def state_folder() -> Path:
    """The folder of the user's journal and other state."""
    from runcomfy.journal import default_path

    return default_path().parent


class Service:
    """The real service, one at another address, or the local mock; and the journal that goes with it."""

    def __init__(self, base_url: str | None, *, mock: bool, out: CommandOutput) -> None:
        self._base_url = base_url
        self._out = out
        self.mock = mock
        self._journal: Path | None = None

    def use_journal(self, place: str) -> None:
        """Use another journal: that of a batch folder, or a file."""
        from pathlib import Path

        path = Path(place)
        path = path / "journal.db" if path.is_dir() else path
        if not path.is_file():
            raise click.UsageError(f"--journal {place}: no journal exists there.")
        self._journal = path

    @property
    def address(self) -> str:
        """The address that is given, or that of RunComfy; examples show it."""
        from runcomfy.client.settings import BASE_URL

        return self._base_url or BASE_URL

    @property
    def name(self) -> str:
        """The service in messages: its address, or that it is the mock."""
        return "the local mock" if self.mock else self.address

    @property
    def journal_path(self) -> Path:
        """The user's journal, or the given one; the mock has its own."""
        if self._journal is not None:
            return self._journal
        from .local_mock import mock_folder

        folder = state_folder()
        return (mock_folder(folder) if self.mock else folder) / "journal.db"

    @contextmanager
    def settings(self) -> Iterator[dict[str, Any]]:
        """What a client is made with, for as long as it is used: the mock runs meanwhile."""
        from .signals import termination

        _log_to_stderr(self._out)
        with termination():
            if not self.mock:
                yield {} if self._base_url is None else {"base_url": self._base_url}
                return
            from .local_mock import running_mock

            with running_mock(state_folder()) as settings:
                yield settings

    @contextmanager
    def client(self, **options: Any) -> Iterator[Client]:
        """A client of the service, without a journal."""
        from runcomfy import Client

        with self.settings() as settings, Client(**settings, **options) as client:
            yield client

    @contextmanager
    def journal(self, **options: Any) -> Iterator[Journal]:
        """The journal. Raises ``JournalError`` if it cannot be used, so that nothing is submitted."""
        from runcomfy import Journal

        _log_to_stderr(self._out)
        with Journal(self.journal_path, **options) as journal:
            yield journal

    @contextmanager
    def journal_if_any(self) -> Iterator[Journal | None]:
        """The journal, for commands that only record what they learn; they continue without it."""
        from runcomfy import JournalError

        try:
            opened = self.journal()
            journal = opened.__enter__()
        except JournalError as error:
            self._out.note(f"warning: outcomes are not recorded in the journal: {error}")
            yield None
            return
        try:
            yield journal
        finally:
            opened.__exit__(None, None, None)

    @contextmanager
    def async_clients(
        self, journal: Journal | None, **options: Any
    ) -> Iterator[Callable[[], AsyncClient]]:
        """What makes asynchronous clients that write into this journal."""
        from runcomfy import AsyncClient

        with self.settings() as settings:
            yield lambda: AsyncClient(**settings, journal=journal, **options)


def service_options(command: CommandT) -> CommandT:
    """The options ``--base-url`` and ``--mock``; the command is given a ``Service`` as ``service``.

    It stands below ``output_options``.
    """

    @click.option(
        "--base-url",
        envvar=_VARIABLE,
        metavar="URL",
        help=f"URL of the service [also: {_VARIABLE}].",
    )
    @click.option("--mock", is_flag=True, help="Use a local mock: no account, no cost.")
    @functools.wraps(command)
    def wrapped(*arguments: Any, base_url: str | None, mock: bool, **options: Any) -> Any:
        remember_service(["--mock"] if mock else _base_url_options(base_url))
        service = Service(base_url, mock=mock, out=options["out"])
        return command(*arguments, service=service, **options)

    return wrapped  # type: ignore[return-value]  # click calls it, whatever its signature


def _base_url_options(base_url: str | None) -> list[str]:
    """``--base-url`` as it was given; not from the variable, which the next command has as well."""
    from shlex import quote

    source = click.get_current_context().get_parameter_source("base_url")
    given = base_url is not None and source is ParameterSource.COMMANDLINE
    return ["--base-url", quote(base_url or "")] if given else []


def journal_option(command: CommandT) -> CommandT:
    """The option ``--journal``, for commands that work on the journal of a batch as well. It stands below ``service_options``."""

    @click.option(
        "--journal",
        metavar="PATH",
        help="Journal of this batch folder, or this file.  [default: your journal]",
    )
    @functools.wraps(command)
    def wrapped(*arguments: Any, journal: str | None, service: Service, **options: Any) -> Any:
        if journal is not None:
            service.use_journal(journal)
        return command(*arguments, service=service, **options)

    return wrapped  # type: ignore[return-value]  # click calls it, whatever its signature


def _log_to_stderr(out: CommandOutput) -> None:
    """Print the library's log: warnings; everything with ``--verbose``; nothing with ``--quiet``."""
    import logging

    from .terminal import complain

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            stop = sys.exc_info()[1]
            if stop is not None and not isinstance(stop, Exception):
                return  # of an interruption, the command says what it left behind
            word = "warning: " if record.levelno >= logging.WARNING else ""
            complain(f"{word}{record.getMessage()}")

    level = logging.INFO if out.verbose else logging.ERROR if out.quiet else logging.WARNING
    logger = logging.getLogger("runcomfy")
    logger.handlers[:] = [Handler()]
    logger.setLevel(level)
    logger.propagate = False
