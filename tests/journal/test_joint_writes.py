"""Writes of many requests in few statements: the same rows, refusals and budgets as one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from sqlite3 import Connection, OperationalError
from threading import Event, Thread
from typing import Any, cast
from unittest.mock import patch

import pytest

from runcomfy.errors import BudgetReached, JournalUnwritable, KeyConflict
from runcomfy.journal import Journal, Outcome, Wanted, joint_writes
from runcomfy.journal.grouped_commits import GroupedCommits, JointWrite
from runcomfy.journal.joint_writes import ClaimWrite, EndWrite, IdWrite
from support.journals import ACCOUNT, OTHER, given, submitted, succeeded, wanted

_TABLES = ("entries", "charges", "totals", "request_ids")


def _at_noon() -> float:
    return 1_767_268_800.5


@contextmanager
def _one_group(journal: Journal) -> Iterator[None]:
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


def _written(journal: Journal, writes: Sequence[JointWrite]) -> list[Any]:
    """The values and the errors of writes that share a transaction."""
    commits = journal._opened().commits
    with _one_group(journal):
        done: list[Future[Any]] = [commits.submit(write) for write in writes]
    return [one.exception(60) or one.result() for one in done]


def _claims(journal: Journal, wants: Sequence[Wanted]) -> list[JointWrite]:
    return [ClaimWrite(journal._opened(), want) for want in wants]


def _ids(journal: Journal, wants: Sequence[Wanted]) -> list[JointWrite]:
    return [IdWrite(journal._opened(), want.token, f"r-{want.key}") for want in wants]


def _ends(journal: Journal, wants: Sequence[Wanted], costs: Sequence[object]) -> list[JointWrite]:
    output = {"image": "https://example.com/é.png?X-Amz-Signature=s", "text": "\0 \ud800 é"}
    files = [("https://example.com/é.png?X-Amz-Signature=s", "image")]
    return [
        EndWrite(
            journal._opened(),
            ACCOUNT.origin,
            f"r-{want.key}",
            Outcome("succeeded", cost, output, files),
        )
        for want, cost in zip(wants, costs, strict=True)
    ]


def _rows(journal: Journal) -> dict[str, list[Any]]:
    journal._opened().commits.flush()
    with journal._opened().database.reading() as connection:
        return {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()  # noqa: S608  # a table of this list
            for name in _TABLES
        }


def test_many_writes_leave_the_same_rows_as_single_ones(tmp_path: Path) -> None:
    prompt = {"prompt": "\0 \ud800 \u2028 é 𝄞 \"'\\"}
    wants = [
        wanted(f"k{number} é", prompt, estimate=estimate, folder=folder)
        for number, (estimate, folder) in enumerate([(40_000, None), (None, "out é"), (0, None)])
    ]
    costs = [0.05, None, float("nan")]
    found = []
    for together in (True, False):
        path = tmp_path / str(together) / "journal.db"
        with Journal(path, clock=_at_noon, price_margin=1.5) as journal:
            for writes in (
                _claims(journal, wants),
                _ids(journal, wants),
                _ends(journal, wants, costs),
            ):
                if together:
                    _written(journal, writes)
                else:
                    for write in writes:
                        journal._opened().commits.submit(write).result(60)
            found.append(_rows(journal))
    assert found[0] == found[1]
    assert [row[1:3] for row in found[0]["totals"]] == [(0, 50_000)]


def test_a_group_claims_as_many_as_the_budget_has_room_for(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", max_cost=0.1) as journal:
        wants = [wanted(f"k{number}", estimate=40_000) for number in range(5)]
        found = _written(journal, _claims(journal, wants))
        assert [type(one) for one in found] == [type(None)] * 2 + [BudgetReached] * 3
        assert journal.spend()["acme/cat"].reserved == 0.08


def test_a_claim_without_a_price_is_refused_beside_others(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", max_cost_per_day=1) as journal:
        wants = [wanted("a", estimate=40_000), wanted("b"), wanted("c", estimate=40_000)]
        found = _written(journal, _claims(journal, wants))
    assert [type(one) for one in found] == [type(None), BudgetReached, type(None)]


def test_one_key_in_a_group_is_claimed_once(journal: Journal) -> None:
    wants = [wanted("a"), wanted("b"), wanted("a"), wanted("a", {"prompt": "other"})]
    found = _written(journal, _claims(journal, wants))
    assert found[:2] == [None, None]
    assert found[2].token == wants[0].token
    assert isinstance(found[3], KeyConflict)


def test_keys_of_two_accounts_in_a_group_are_apart(journal: Journal) -> None:
    wants = [wanted("a"), wanted("b"), wanted("a", account=OTHER), wanted("b", account=OTHER)]
    assert _written(journal, _claims(journal, wants)) == [None] * 4
    assert journal.find(OTHER, "a") is not None


def test_known_and_repeated_keys_in_a_group_are_as_alone(journal: Journal) -> None:
    succeeded(journal, "done", 0.04)
    submitted(journal, "running")
    wants = [wanted("new"), wanted("running"), wanted("done", again=True), wanted("newer")]
    found = _written(journal, _claims(journal, wants))
    assert [found[0], found[2], found[3]] == [None] * 3
    assert found[1].state == "submitted"
    assert given(journal, "done").attempts == 2


def test_an_id_that_the_service_gives_twice_in_a_group_is_unknown(journal: Journal) -> None:
    wants = [wanted(key) for key in "abc"]
    _written(journal, _claims(journal, wants))
    session = journal._opened()
    ids = [IdWrite(session, want.token, "r-same") for want in wants[:2]]
    found = _written(journal, [*ids, IdWrite(session, wants[2].token, "r-other")])
    assert [found[0], found[1].state, found[2]] == [None, "unknown", None]
    assert [given(journal, key).state for key in "abc"] == ["submitted", "unknown", "submitted"]


def test_an_id_of_a_claim_that_is_gone_fails_alone(journal: Journal) -> None:
    wants = [wanted(key) for key in "ab"]
    _written(journal, _claims(journal, wants))
    gone = replace(wants[0], token="0" * 32)
    found = _written(journal, _ids(journal, [wants[0], gone, wants[1]]))
    assert [found[0], found[2]] == [None, None]
    assert "does not have the claim" in str(found[1])


def test_an_end_that_is_told_twice_in_a_group_is_written_once(journal: Journal) -> None:
    wants = [wanted(key, estimate=40_000) for key in "ab"]
    _written(journal, _claims(journal, wants))
    _written(journal, _ids(journal, wants))
    twice = [wants[0], wants[1], wants[0]]
    found = _written(journal, _ends(journal, twice, [0.05, 0.05, 0.07]))
    assert found == [want.token for want in twice]
    assert given(journal, "a").cost == 0.07
    assert journal.spend()["acme/cat"].settled == 0.12


def test_ids_are_written_before_the_ends_and_claims_of_their_group(journal: Journal) -> None:
    wants = [wanted(key, estimate=40_000) for key in "ab"]
    _written(journal, _claims(journal, wants))
    again = wanted("a", again=True)
    order = [
        *_claims(journal, [again]),
        *_ends(journal, wants, [0.05, 0.05]),
        *_ids(journal, wants),
    ]
    assert _written(journal, order) == [None, wants[0].token, wants[1].token, None, None]
    assert given(journal, "a").attempts == 2


def test_a_text_that_cannot_be_stored_fails_alone(journal: Journal) -> None:
    wants = [wanted("a"), wanted("b", folder="out\udcff"), wanted("c")]
    found = _written(journal, _claims(journal, wants))
    assert [found[0], type(found[1]), found[2]] == [None, UnicodeEncodeError, None]


@pytest.mark.parametrize("statement", ["_CLAIM", "_RESERVE"])
def test_a_group_that_fails_half_way_is_written_one_by_one(
    journal: Journal, statement: str
) -> None:
    wants = [wanted(f"k{number}", estimate=40_000) for number in range(3)]
    broken = getattr(joint_writes, statement).replace("INSERT INTO", "INSERT INTO no_such_")
    with patch.object(joint_writes, statement, broken):
        assert _written(journal, _claims(journal, wants)) == [None] * 3
    assert journal.spend()["acme/cat"].reserved == 0.12


def test_a_full_disk_refuses_every_claim_of_a_group(journal: Journal) -> None:
    full = OperationalError("database or disk is full")
    full.sqlite_errorcode = 13
    commit = GroupedCommits._commit

    def failing(commits: GroupedCommits, connection: Connection, group: Any) -> Any:
        commit(commits, cast(Connection, _Full(connection)), group)

    class _Full:
        """A connection that cannot commit."""

        def __init__(self, connection: Connection) -> None:
            self._connection = connection

        def execute(self, statement: str, *values: Any) -> Any:
            if statement == "COMMIT":
                raise full
            return self._connection.execute(statement, *values)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    wants = [wanted(f"k{number}") for number in range(3)]
    with patch.object(GroupedCommits, "_commit", failing):
        done = [journal._opened().commits.submit(one) for one in _claims(journal, wants)]
        assert [type(one.exception(60)) for one in done] == [JournalUnwritable] * 3
    assert list(journal.entries()) == []


def test_claims_on_the_disk_are_never_more_than_the_submits(tmp_path: Path) -> None:
    """A kill at any moment leaves no more than these unknown, though a slot is free before its end is on the disk."""
    most, commit = [0], GroupedCommits._commit

    def counted(commits: GroupedCommits, connection: Connection, group: Any) -> Any:
        found = commit(commits, connection, group)
        query = "SELECT count(*) FROM entries WHERE state = 'posting'"
        most[0] = max(most[0], connection.execute(query).fetchone()[0])
        return found

    def submit(journal: Journal, first: int) -> None:
        for number in range(first, 200, 20):
            with journal.claiming(wanted(f"k{number}")) as claim:
                assert claim.take() is None
                claim.sending()
                claim.submitted(f"r-{number}")

    with (
        patch.object(GroupedCommits, "_commit", counted),
        Journal(tmp_path / "journal.db", submits=3) as journal,
    ):
        threads = [Thread(target=submit, args=(journal, first)) for first in range(20)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(list(journal.entries(state="submitted"))) == 200
    assert most[0] == 3
