"""A key is submitted once: what a claim grants, refuses, and reports."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import anyio
import pytest

from runcomfy.errors import (
    BudgetReached,
    ConfigurationError,
    DeadlineExceeded,
    JournalClosed,
    JournalError,
    KeyConflict,
)
from runcomfy.journal import Journal, Outcome
from runcomfy.journal.states import FREE, NEXT, REPEATABLE, STATES
from support.journals import ACCOUNT, OTHER, given, posted, submitted, succeeded, wanted


def test_a_new_key_is_granted_and_written_before(journal: Journal) -> None:
    with journal.claiming(wanted("hat")) as claim:
        assert claim.take() is None
        assert given(journal, "hat").state == "posting"
        claim.sending()
        assert claim.submitted("r1") is None
    entry = given(journal, "hat")
    assert (entry.state, entry.request_id, entry.payload) == (
        "submitted",
        "r1",
        {"prompt": "a hat"},
    )


def test_a_second_claim_gets_the_entry_that_exists(journal: Journal) -> None:
    first = submitted(journal, "hat")
    assert posted(journal, wanted("hat")) == first


def test_a_claim_while_another_one_posts_learns_so(journal: Journal) -> None:
    with journal.claiming(wanted("hat")) as claim:
        assert claim.take() is None
        there = posted(journal, wanted("hat"))
    assert there is not None
    assert there.state == "posting"


def test_another_payload_under_the_key_is_a_conflict(journal: Journal) -> None:
    submitted(journal, "hat", "r1")
    with pytest.raises(KeyConflict, match="nothing was sent") as caught:
        posted(journal, wanted("hat", {"prompt": "a coat"}))
    assert (caught.value.differs, caught.value.request_id) == ("payload", "r1")


def test_a_conflict_and_a_budget_can_be_pickled(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", max_cost=0) as journal:
        with pytest.raises(BudgetReached) as reached:
            posted(journal, wanted("hat", estimate=1))
        journal.set_aside(wanted("coat"), "skipped", "")
    with Journal(tmp_path / "journal.db") as journal:
        submitted(journal, "hat", "r1")
        with pytest.raises(KeyConflict) as conflict:
            posted(journal, wanted("hat", model="acme/dog"))
    for error in (reached.value, conflict.value):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # made on the line
        assert (str(copy), vars(copy)) == (str(error), vars(error))


def test_another_model_under_the_key_is_a_conflict(journal: Journal) -> None:
    submitted(journal, "hat")
    with pytest.raises(KeyConflict, match="acme/cat") as caught:
        posted(journal, wanted("hat", model="acme/dog"))
    assert caught.value.differs == "model"


def test_keys_of_two_accounts_are_two(journal: Journal) -> None:
    submitted(journal, "hat", "r1")
    submitted(journal, "hat", "r2", account=OTHER)
    with pytest.raises(JournalError, match="several accounts"):
        journal.entry("hat")
    found = journal.entry("hat", account=OTHER)
    assert found is not None
    assert found.request_id == "r2"


def test_a_key_that_was_not_sent_may_be_claimed_again(journal: Journal) -> None:
    with journal.claiming(wanted("hat")) as claim:
        claim.take()
        claim.sending()
        claim.not_sent("no connection")
    assert (given(journal, "hat").state, given(journal, "hat").error) == (
        "not_sent",
        "no connection",
    )
    # Nothing was paid for the first one, so its inputs may be mended.
    assert posted(journal, wanted("hat", {"prompt": "a coat"})) is None


def test_what_is_unknown_is_never_granted(journal: Journal) -> None:
    with journal.claiming(wanted("hat")) as claim:
        claim.take()
        claim.sending()
        claim.unknown("the response was lost")
    for again in (False, True):
        there = posted(journal, wanted("hat", again=again))
        assert there is not None
        assert (there.state, there.error) == ("unknown", "the response was lost")


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "expired"])
def test_what_has_ended_is_repeated_only_when_asked(journal: Journal, state: str) -> None:
    submitted(journal, "hat", "r1")
    journal.record(ACCOUNT, "r1", Outcome(state, 0.5))  # type: ignore[arg-type]  # one of the states
    there = posted(journal, wanted("hat"))
    assert there is not None
    assert there.state == state
    again = submitted(journal, "hat", "r2", again=True)
    assert (again.attempts, again.request_id, again.cost) == (2, "r2", None)
    assert [(past["state"], past["request_id"], past["cost"]) for past in again.history] == [
        (state, "r1", 0.5)
    ]
    assert journal.spend()["acme/cat"].settled == 0.5


def test_a_repetition_with_other_inputs_is_a_conflict(journal: Journal) -> None:
    succeeded(journal, "hat")
    with pytest.raises(KeyConflict):
        posted(journal, wanted("hat", {"prompt": "a coat"}, again=True))


def test_a_claim_that_ends_before_it_sends_was_not_sent(journal: Journal) -> None:
    assert posted(journal, wanted("hat")) is None
    assert given(journal, "hat").state == "not_sent"


def test_a_claim_that_ends_while_it_sends_is_unknown(journal: Journal) -> None:
    with journal.claiming(wanted("hat")) as claim:
        claim.take()
        claim.sending()
    assert given(journal, "hat").state == "unknown"


def test_a_request_id_of_another_key_proves_nothing(journal: Journal) -> None:
    submitted(journal, "hat", "r1")
    entry = submitted(journal, "coat", "r1")
    assert (entry.state, entry.request_id) == ("unknown", None)
    assert "'hat' already has" in (entry.error or "")
    assert given(journal, "hat").state == "submitted"


def test_a_request_id_of_an_earlier_attempt_proves_nothing(journal: Journal) -> None:
    succeeded(journal, "hat", request_id="r1")
    assert submitted(journal, "hat", "r1", again=True).state == "unknown"


def test_a_repeated_claim_call_is_harmless(journal: Journal) -> None:
    with journal.claiming(wanted("hat")) as claim:
        assert claim.take() is None
        assert claim.take() is None
        claim.submitted("r1")
    assert given(journal, "hat").attempts == 1


def test_a_repeated_submitted_call_is_harmless(journal: Journal) -> None:
    with journal.claiming(wanted("hat")) as claim:
        claim.take()
        assert claim.submitted("r1") is None
        once = given(journal, "hat")
        assert claim.submitted("r1") is None
    assert given(journal, "hat") == once


def test_submits_wait_for_a_place_among_those_that_post(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", submits=2) as journal:
        claims = [journal.claiming(wanted(key)) for key in "abc"]
        assert [claim.take() for claim in claims[:2]] == [None, None]
        with pytest.raises(DeadlineExceeded, match="nothing was submitted"):
            claims[2].take(monotonic())
        assert journal.entry("c") is None
        claims[2].close()
        claims[0].submitted("r1")
        claims.append(journal.claiming(wanted("c")))
        assert claims[-1].take() is None
        for claim in claims:
            claim.close()


def test_the_place_is_held_until_the_request_id_is_written(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", submits=1) as journal:
        with ThreadPoolExecutor(8) as pool:
            entries = list(pool.map(lambda number: submitted(journal, f"k{number}"), range(40)))
        assert {entry.state for entry in entries} == {"submitted"}
        assert len({entry.request_id for entry in entries}) == 40


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_hundreds_of_tasks_claim_each_key_once(tmp_path: Path, backend: str) -> None:
    granted: list[str] = []

    async def one(journal: Journal, key: str) -> None:
        with journal.claiming(wanted(key)) as claim:
            if await claim.take_async() is None:
                claim.sending()
                granted.append(key)
                await claim.submitted_async(f"r-{key}")

    async def main() -> None:
        with Journal(tmp_path / "journal.db", submits=50) as journal:
            async with anyio.create_task_group() as group:
                for number in range(300):
                    group.start_soon(one, journal, f"k{number % 100}")
            assert len(list(journal.entries(state="submitted"))) == 100

    anyio.run(main, backend=backend)
    assert sorted(granted) == sorted(f"k{number}" for number in range(100))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_task_leaves_no_place_and_no_claim(tmp_path: Path, backend: str) -> None:
    async def waits(journal: Journal) -> None:
        with journal.claiming(wanted("late")) as claim:
            await claim.take_async()

    async def main() -> None:
        with Journal(tmp_path / "journal.db", submits=1) as journal:
            with journal.claiming(wanted("first")) as claim:
                assert await claim.take_async() is None
                async with anyio.create_task_group() as group:
                    group.start_soon(waits, journal)
                    await anyio.wait_all_tasks_blocked()
                    group.cancel_scope.cancel()
            assert journal.entry("late") is None
            assert posted(journal, wanted("late")) is None

    anyio.run(main, backend=backend)


def test_a_closed_journal_still_writes_what_is_in_progress(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    with journal.claiming(wanted("hat")) as claim:
        claim.take()
        claim.sending()
        journal.close()
        with pytest.raises(JournalClosed):
            journal.claiming(wanted("coat"))
        assert claim.submitted("r1") is None
    with Journal(tmp_path / "journal.db") as again:
        assert given(again, "hat").request_id == "r1"


@pytest.mark.parametrize("key", ["", "a\nb", "x" * 501, "\ud800", 7])
def test_a_key_is_a_short_printable_text(key: str) -> None:
    with pytest.raises(ConfigurationError, match="a key must be a printable text"):
        wanted(key)


def test_rows_that_are_not_sent_are_written_with_their_reason(journal: Journal) -> None:
    entry = journal.set_aside(wanted("row-1"), "invalid", "/prompt: must be text")
    assert (entry.state, entry.error) == ("invalid", "/prompt: must be text")
    assert journal.spend() == {}
    assert posted(journal, wanted("row-1", {"prompt": "mended"})) is None


def test_what_was_sent_is_not_set_aside(journal: Journal) -> None:
    entry = submitted(journal, "row-1")
    assert journal.set_aside(wanted("row-1"), "skipped", "not wanted") == entry
    with pytest.raises(KeyConflict):
        journal.set_aside(wanted("row-1", {"prompt": "other"}), "skipped", "not wanted")


def test_equal_payloads_that_may_cost_money_are_found(journal: Journal) -> None:
    submitted(journal, "one")
    succeeded(journal, "two")
    submitted(journal, "other", payload={"prompt": "a coat"})
    digest = wanted().payload.digest
    found = journal.same_payload(ACCOUNT, "acme/cat", digest)
    assert [entry.key for entry in found] == ["one"]


def test_the_states_and_what_follows_them_are_one_table() -> None:
    assert set(NEXT) == STATES
    assert all(after <= STATES for after in NEXT.values())
    assert not any(NEXT[state] & {"posting"} for state in STATES)
    assert not FREE & REPEATABLE
    assert all(NEXT[state] <= REPEATABLE for state in ("submitted", "expired"))
