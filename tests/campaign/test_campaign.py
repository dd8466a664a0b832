"""The fault campaign: every fault of the mock service, for each of its actions, over every client.

Of each of these cells it is held against the table what comes of it, and against what holds for all of
them: at most one submit is accepted; the token goes to the API and nowhere else, and is in no error and
no log line; an error names the request; files are complete or not there; nothing hangs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from runcomfy.mock import FAULTS
from support.callers import TOKEN

from .cells import ACTIONS, Cell, cells, rows
from .runner import run_cells

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("kind", ["sync", "asyncio", "asyncio spread"])
def test_what_comes_of_every_fault(kind: str, action: str, tmp_path: Path) -> None:
    _campaign(kind, cells(action), tmp_path)


# httpx leaves iterators to the garbage collector when an answer is given up, and trio says so.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
def test_what_comes_of_some_faults_on_trio(tmp_path: Path) -> None:
    some = [cell for action in ACTIONS for cell in cells(action)[::7]]
    _campaign("trio", some, tmp_path)


def test_the_table_has_every_fault_and_a_word_for_every_action_that_it_is_for() -> None:
    table = dict(rows())
    assert table.keys() >= FAULTS.keys(), "a fault of the mock service has no row in table.py"
    assert len(FAULTS) >= 60
    for name, fault in FAULTS.items():
        assert [action for action in ACTIONS if table[name][action] != "-"] == [
            action for action in ACTIONS if action in fault.on
        ], name


def _campaign(kind: str, some: Sequence[Cell], folder: Path) -> None:
    with _log_lines() as lines:
        wrong = run_cells(kind, some, folder)
    assert not wrong, "\n".join(wrong)
    assert any("submitted" in line for line in lines)
    assert not [line for line in lines if TOKEN in line]


@contextmanager
def _log_lines() -> Iterator[list[str]]:
    """All that anybody logs. It is kept from pytest, which would show every line after a failure."""
    lines: list[str] = []
    handler, root = logging.Handler(), logging.getLogger()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]  # a whole class would say no more
    before, level = root.handlers, root.level
    root.handlers = [handler]
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.handlers = before
        root.setLevel(level)
