"""``--mock``: a mock service that keeps its requests between commands, separate from all real data.

The commands that run at the same time share one: the first holds a lock and serves at a port that is
remembered, the others use it, and the next one goes on serving when it ends. So the mock has one address,
and its journal one account.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from runcomfy.errors import ConfigurationError

if TYPE_CHECKING:
    from runcomfy.mock import MockService

__all__ = ["TOKEN", "mock_folder", "running_mock"]

TOKEN = "mock"  # noqa: S105  # it opens nothing: the mock takes any token
#: How long a request waits and runs, in seconds: long enough to be seen, short enough to be waited for.
_QUEUE_SECONDS, _RUN_SECONDS = 1.0, 1.0
#: Seconds for the calls of other commands to finish before the next command takes over the server.
_HANDOVER = 5.0
#: Seconds between two attempts to take the lock from another command, and to wait for a server.
_PAUSE, _PATIENCE = 0.05, 20.0


def mock_folder(state: Path) -> Path:
    """The folder of the mock's requests and journal."""
    return state / "mock"


@contextmanager
def running_mock(state: Path) -> Iterator[dict[str, Any]]:
    """Run the mock, or use the one that another command runs; what clients of it are made with."""
    from runcomfy import Polling, Retries

    folder = mock_folder(state)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    host = _Host(folder)
    host.start()
    try:
        url = host.wait()
        # Between two serving commands, there is briefly no server.
        patient = Retries(submits=30, first=0.1, ceiling=1.0)
        yield {"token": TOKEN, "base_url": url, "polling": Polling(0.1, 0.3), "retries": patient}
    finally:
        host.close()


class _Host(Thread):
    """Serves as soon as no other command does, until it is closed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(name="runcomfy-mock-host", daemon=True)
        self._folder = folder
        self._closed = Event()
        self._served = Event()
        self._failure: Exception | None = None

    def run(self) -> None:
        """Wait for the lock, then serve."""
        try:
            with (self._folder / "lock").open("a+b") as file:
                while not _locked(file):
                    if self._closed.wait(_PAUSE):
                        return
                with self._service():
                    self._served.set()
                    self._closed.wait()
        except Exception as error:  # noqa: BLE001  # wait raises it, in the thread of the command
            self._failure = error
            self._served.set()

    def wait(self) -> str:
        """The address at which the mock answers now, served by this command or by another."""
        ends = time.monotonic() + _PATIENCE
        while time.monotonic() < ends:
            served = self._served.wait(_PAUSE)
            if self._failure is not None:
                raise self._failure
            port = self._remembered()
            if served or (port and _answers(port)):
                return f"http://127.0.0.1:{port}"
        raise ConfigurationError(
            f"the mock started by another command does not respond; stop it, or remove {self._folder}"
        )

    def close(self) -> None:
        """Stop serving, or waiting to."""
        self._closed.set()
        self.join()

    @contextmanager
    def _service(self) -> Iterator[None]:
        try:
            service = self._made(self._remembered())
            service.start()
        except OSError:  # another program has the port by now
            service = self._made(0)
            service.start()
        with _closing(service):
            port = service.url.rpartition(":")[2]
            (self._folder / "port").write_text(port, encoding="ascii")
            yield

    def _made(self, port: int) -> MockService:
        from runcomfy.testing import mock_service

        return mock_service(
            path=self._folder / "requests.db",
            port=port,
            queue_seconds=_QUEUE_SECONDS,
            run_seconds=_RUN_SECONDS,
            keep_log=False,
        )

    def _remembered(self) -> int:
        """The port of the last time, 0 for none."""
        try:
            port = int((self._folder / "port").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0
        return port if 0 < port < 65_536 else 0


@contextmanager
def _closing(service: MockService) -> Iterator[None]:
    try:
        yield
    finally:
        service.close(_HANDOVER)  # the calls of other commands are answered


def _locked(file: Any) -> bool:
    """Try to take the lock."""
    try:
        import fcntl
    except ImportError:  # Windows: binding the port serves as the lock
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
