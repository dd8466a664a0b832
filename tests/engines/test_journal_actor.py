"""The journal's actor, called without a cluster: a worker's lease is a future that fails when the worker is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runcomfy import JournalError, RunComfyError
from runcomfy.batch.outcome import BatchOutcome
from runcomfy.journal import Account, Entry, Journal, Wanted, describe

pytest.importorskip("ray", reason="Ray has no wheels for this Python")

from ray.exceptions import OwnerDiedError

from runcomfy.batch.row_outcomes import BatchPaused, BatchStopped
from runcomfy.batch.runner import PAUSED
from runcomfy.engines.journal_actor import JournalActor

#: A claim that is under way.
Waiting = asyncio.Future[tuple[Entry | None, RunComfyError | None]]
ACCOUNT = Account("https://api.example", "0123456789abcdef")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """The driver's side: it made the journal and holds the folder."""
    with Journal(tmp_path / "journal.db", submits=2) as one, one.runner():
        yield one


def wanted(key: str, **more: Any) -> Wanted:
    payload = describe({"prompt": key})
    return Wanted(account=ACCOUNT, key=key, model_id="acme/cat", payload=payload, **more)


def acting(
    journal: Journal, steps: Callable[[JournalActor], Awaitable[None]], **options: Any
) -> None:
    """Let an actor open the journal, and do something with it."""

    async def main() -> None:
        options.setdefault("stop_on_error", False)
        actor = JournalActor(journal.opener(), options.pop("rate", None), **options)
        try:
            await steps(actor)
        finally:
            if actor._watching is not None:
                actor._watching.cancel()
            for held in actor._held.values():
                held.claim.close()
            await actor.close()

    asyncio.run(main())


def state(journal: Journal, key: str) -> str | None:
    entry = journal.find(ACCOUNT, key)
    return None if entry is None else entry.state


def lease() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


def die(one: asyncio.Future[None]) -> None:
    one.set_exception(OwnerDiedError("", None, ""))


async def granted(actor: JournalActor, one: Wanted, alive: asyncio.Future[None]) -> None:
    assert await actor.claim(one, [alive], None) == (None, None)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


async def waiting_for_a_slot(actor: JournalActor, alive: asyncio.Future[None]) -> Waiting:
    """Claims of the keys a and b, which take both slots, and the claim of c, which waits for one."""
    for key in "ab":
        await granted(actor, wanted(key), alive)
    waiting = asyncio.ensure_future(actor.claim(wanted("c"), [alive], None))
    await until(lambda: len(actor._held) == 3)
    return waiting


async def free_slots(actor: JournalActor) -> None:
    for token in [*actor._held][:2]:
        await actor.submitted(token, f"request-{token}")


def test_a_dead_worker_leaves_what_it_posts_unknown_and_frees_its_places(journal: Journal) -> None:
    async def steps(actor: JournalActor) -> None:
        dead, alive = lease(), lease()
        await granted(actor, wanted("a"), dead)
        await granted(actor, wanted("b"), dead)
        waiting = asyncio.ensure_future(actor.claim(wanted("c"), [alive], None))
        await until(lambda: len(actor._held) == 3)
        assert not waiting.done()  # both places are taken
        die(dead)
        assert await waiting == (None, None)
        assert [state(journal, key) for key in "abc"] == ["unknown", "unknown", "posting"]

    acting(journal, steps)


def test_when_the_driver_is_gone_the_places_of_dead_workers_are_for_nobody(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", submits=1) as journal, ExitStack() as driver:
        driver.enter_context(journal.runner())

        async def steps(actor: JournalActor) -> None:
            first, second = lease(), lease()
            await granted(actor, wanted("a"), first)
            waiting = asyncio.ensure_future(actor.claim(wanted("b"), [second], None))
            await until(lambda: len(actor._held) == 2)
            driver.close()
            die(first)
            _, error = await waiting
            assert isinstance(error, BatchStopped)
            assert state(journal, "a") == "unknown"
            assert state(journal, "b") != "posting"

        acting(journal, steps)


@pytest.mark.parametrize("waits", [True, False])
def test_a_claim_that_a_dead_worker_waited_for_is_not_posted(journal: Journal, waits: bool) -> None:
    async def steps(actor: JournalActor) -> None:
        alive, dead = lease(), lease()
        await granted(actor, wanted("a"), alive)
        await granted(actor, wanted("b"), alive)
        waiting = asyncio.ensure_future(actor.claim(wanted("c"), [dead], None))
        while waits and len(actor._held) < 3:
            await asyncio.sleep(0)
        die(dead)
        _, error = await waiting
        assert isinstance(error, JournalError)
        assert state(journal, "c") in (None, "not_sent")

    acting(journal, steps)


def test_the_same_claim_may_be_requested_again_and_another_one_learns_what_stands(
    journal: Journal,
) -> None:
    async def steps(actor: JournalActor) -> None:
        alive, one = lease(), wanted("a")
        await granted(actor, one, alive)
        await granted(actor, one, alive)
        there, _ = await actor.claim(wanted("a"), [alive], None)
        assert there is not None
        assert there.state == "posting"
        assert await actor.submitted(one.token, "request-1") == (None, None)
        assert await actor.submitted(one.token, "request-1") == (None, None)
        there, _ = await actor.claim(wanted("a"), [alive], None)
        assert there is not None
        assert (there.state, there.request_id) == ("submitted", "request-1")

    acting(journal, steps)


def test_an_answer_for_a_claim_of_an_actor_before_is_written_down(journal: Journal) -> None:
    one = wanted("a")

    async def claimed(actor: JournalActor) -> None:
        await granted(actor, one, lease())
        held = actor._held.pop(one.token)
        held.claim.unknown("the actor was killed")  # as the next one finds it

    async def answered(actor: JournalActor) -> None:
        assert state(journal, "a") == "unknown"
        assert await actor.submitted(one.token, "request-1") == (None, None)
        assert state(journal, "a") == "submitted"

    acting(journal, claimed)
    acting(journal, answered)


def test_a_row_is_repeated_once_though_two_tasks_were_told_to(journal: Journal) -> None:
    async def steps(actor: JournalActor) -> None:
        alive, first = lease(), wanted("a")
        await granted(actor, first, alive)
        await actor.submitted(first.token, "request-1")
        journal.record(ACCOUNT, "request-1", _failed())
        again = wanted("a", again=True, repeats=1)
        await granted(actor, again, alive)
        await actor.submitted(again.token, "request-2")
        journal.record(ACCOUNT, "request-2", _failed())
        there, _ = await actor.claim(wanted("a", again=True, repeats=1), [alive], None)
        assert there is not None
        assert (there.state, there.request_id) == ("failed", "request-2")

    acting(journal, steps)


def _failed() -> Any:
    from runcomfy.journal import Outcome

    return Outcome("failed", error="the job failed")


def test_nothing_is_granted_after_a_row_has_failed_or_the_batch_was_stopped(
    journal: Journal,
) -> None:
    async def failed(actor: JournalActor) -> None:
        await actor.tell(0, BatchOutcome(1, "x", "succeeded"))
        await granted(actor, wanted("a"), lease())
        await actor.tell(1, BatchOutcome(2, "y", "failed"))
        assert await refused(actor, "b")

    async def stopped(actor: JournalActor) -> None:
        await actor.stop("interrupt")
        assert await refused(actor, "c")

    async def refused(actor: JournalActor, key: str) -> bool:
        error: RunComfyError | None = (await actor.claim(wanted(key), [lease()], None))[1]
        return isinstance(error, BatchStopped)

    acting(journal, failed, stop_on_error=True)
    acting(journal, stopped)


def test_a_stop_refuses_claims_that_wait_for_a_slot(journal: Journal) -> None:
    async def steps(actor: JournalActor) -> None:
        waiting = await waiting_for_a_slot(actor, lease())
        await actor.stop("interrupt")
        await free_slots(actor)
        _, error = await waiting
        assert isinstance(error, BatchStopped)
        assert state(journal, "c") is None

    acting(journal, steps)


def test_a_pause_from_another_terminal_refuses_claims_until_it_ends(journal: Journal) -> None:
    async def steps(actor: JournalActor) -> None:
        alive = lease()
        waiting = await waiting_for_a_slot(actor, alive)
        journal.set_fact(PAUSED, "yes")
        await until(lambda: actor._paused)
        await free_slots(actor)
        for error in (await waiting)[1], (await actor.claim(wanted("d"), [alive], None))[1]:
            assert isinstance(error, BatchPaused)
        journal.set_fact(PAUSED, None)
        await until(lambda: not actor._paused)
        await granted(actor, wanted("c"), alive)
        assert state(journal, "d") is None

    acting(journal, steps)


def test_a_rate_limit_of_one_worker_lets_all_wait(journal: Journal) -> None:
    async def steps(actor: JournalActor) -> None:
        alive = lease()
        await actor.limited(1000.0)
        _, error = await actor.claim(wanted("a"), [lease()], 0.1)
        assert isinstance(error, BatchPaused)  # put back before its own time is over
        waiting = asyncio.ensure_future(actor.claim(wanted("b"), [alive], None))
        await until(actor._turns.locked)
        assert not waiting.done()
        await actor.stop("interrupt")
        assert isinstance((await waiting)[1], BatchStopped)
        assert [*journal.entries()] == []

    acting(journal, steps)


def test_outcomes_are_handed_on_once(journal: Journal) -> None:
    async def steps(actor: JournalActor) -> None:
        outcome = BatchOutcome(1, "x", "succeeded")
        await actor.tell(0, outcome)
        assert await actor.outcomes() == [(0, outcome)]
        listening = asyncio.ensure_future(actor.outcomes())
        await actor.tell(1, outcome)
        assert await listening == [(1, outcome)]

    acting(journal, steps)
