"""``batch --notify``: the user's own command, at the end of a batch."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from runcomfy.cli.commands import batch_run
from support.command import PROGRAM

from .conftest import Command


@pytest.fixture
def rows() -> str:
    """A table with one row in the current folder."""
    Path("rows.csv").write_text("prompt\na hat\n")
    return "rows.csv"


def test_notify_has_the_summary_on_standard_input(batch: Command, rows: str) -> None:
    assert batch(rows, "--notify", "cat > summary.json").status == 0
    assert json.loads(Path("summary.json").read_text())["states"] == {"succeeded": 1}


def test_a_notify_that_fails_changes_no_status(batch: Command, rows: str) -> None:
    ran = batch(rows, "--notify", "exit 3")
    assert (ran.status, "--notify ended with status 3" in ran.err) == (0, True)


def test_the_folder_is_free_when_notify_runs(batch: Command, rows: str) -> None:
    status = shlex.join([*PROGRAM, "batch", "status", "out"])
    batch(rows, "--notify", f"{status} > status.txt")
    assert "not running" in Path("status.txt").read_text()


def test_a_notify_that_takes_long_is_named(
    batch: Command, rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_run, "_LONG", 0.01)
    ran = batch(rows, "--notify", "sleep 0.5")
    assert "--notify is still running; the batch has ended" in ran.err
