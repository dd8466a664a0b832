"""A home of its own for each test of the command line, and a mock service that answers at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runcomfy.credentials import VARIABLES
from runcomfy.mock import MockService, small_output
from runcomfy.testing import mock_service

TOKEN = "command-line-token-1234"  # noqa: S105  # it opens nothing


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, without tokens; the current folder is one beside it."""
    for name in (*VARIABLES, "RUNCOMFY_BASE_URL", "RUNCOMFY_CONFIG_DIR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / "home" / name.lower()))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockService]:
    """A service that the command reaches with its token; a request ends with its first poll."""
    with mock_service(polls_in_queue=0, polls_running=0, make_output=small_output) as running:
        monkeypatch.setenv("RUNCOMFY_BASE_URL", running.url)
        monkeypatch.setenv("RUNCOMFY_TOKEN", TOKEN)
        yield running
