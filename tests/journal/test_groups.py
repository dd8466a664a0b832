"""Writes that share a transaction: what one of them raises is its own affair."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection
from threading import Event

import pytest

from runcomfy.errors import BudgetReached, KeyConflict
from runcomfy.journal import Entry, Journal, Wanted, rows
from runcomfy.journal.budget import Budget
from runcomfy.journal.grants import grant
from runcomfy.journal.journal import _set_limits
from runcomfy.journal.session import Session
from support.journals import OTHER, submitted, wanted


@contextmanager
def one_group(journal: Journal) -> Iterator[None]:
    """What is submitted meanwhile is written in one transaction."""
    begun, gathered = Event(), Event()

    def hold(_: Connection) -> None:
        begun.set()
        assert gathered.wait(60)

    held = journal._opened().commits.submit(hold)
    assert begun.wait(60)
    yield
    gathered.set()
    held.result(60)


def _half(connection: Connection) -> None:
    rows.set_fact(connection, "half", "done")
    raise ValueError("no more")


def test_a_write_that_fails_half_way_leaves_the_others_of_its_group(journal: Journal) -> None:
    commits = journal._opened().commits
    with one_group(journal):
        before = commits.submit(lambda to: rows.set_fact(to, "before", "1"))
        failed = commits.submit(_half)
        after = commits.submit(lambda to: rows.set_fact(to, "after", "1"))
    assert (before.result(60), after.result(60)) == (None, None)
    assert isinstance(failed.exception(60), ValueError)
    with journal._opened().database.reading() as connection:
        facts = [rows.fact(connection, name) for name in ("before", "half", "after")]
    assert facts == ["1", None, "1"]


def test_a_refusal_in_a_group_is_its_own(journal: Journal) -> None:
    submitted(journal, "hat")
    with one_group(journal):
        wants = [wanted("coat"), wanted("hat", {"prompt": "other"}), wanted("cap")]
        taken = [_granting(journal, want) for want in wants]
    assert [one.exception(60) for one in taken[::2]] == [None, None]
    assert isinstance(taken[1].exception(60), KeyConflict)


def test_limits_that_a_group_changes_hold_for_the_claims_behind(journal: Journal) -> None:
    with one_group(journal):
        first = _granting(journal, wanted("a", estimate=100))
        limits = journal._submit(_limited)
        second = _granting(journal, wanted("b", estimate=100))
    assert first.result(60) is None
    limits.result(60)
    with pytest.raises(BudgetReached):
        second.result(60)


def test_an_account_that_a_group_writes_holds_for_the_claims_behind(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", one_account=True) as journal:
        with one_group(journal):
            first = _granting(journal, wanted("a"))
            second = _granting(journal, wanted("b", account=OTHER))
        assert first.result(60) is None
        assert "belongs to the account" in str(second.exception(60))


def _granting(journal: Journal, want: Wanted) -> Future[Entry | None]:
    return journal._submit(lambda session, to: grant(session, to, want))


def _limited(session: Session, connection: Connection) -> None:
    _set_limits(session, connection, Budget.of(0.000_15, None, 1.0))
