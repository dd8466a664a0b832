"""``--mock``: a mock service that runs as long as a command does, and keeps its requests between commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["TOKEN", "mock_folder", "running_mock"]

TOKEN = "mock"  # noqa: S105  # it opens nothing: the mock takes any token
#: How long a request waits and runs, in seconds: long enough to be seen, short enough to be waited for.
_QUEUE_SECONDS, _RUN_SECONDS = 1.0, 1.0


def mock_folder(state: Path) -> Path:
    """Where the mock keeps its requests and its own journal, apart from what is real."""
    return state / "mock"


@contextmanager
def running_mock(state: Path) -> Iterator[dict[str, Any]]:
    """Run the mock on a free port of this machine; what clients of it are made with."""
    from runcomfy import Polling
    from runcomfy.testing import mock_service

    folder = mock_folder(state)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    service = mock_service(
        path=folder / "requests.db",
        queue_seconds=_QUEUE_SECONDS,
        run_seconds=_RUN_SECONDS,
        keep_log=False,
    )
    with service:
        yield {"token": TOKEN, "base_url": service.url, "polling": Polling(0.1, 0.3)}
