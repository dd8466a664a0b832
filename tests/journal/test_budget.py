"""Budgets: settled plus reserved never exceeds the limit when a submit goes out."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runcomfy.errors import BudgetReached, ConfigurationError, JournalClosed
from runcomfy.journal import Journal, Outcome
from runcomfy.journal.budget import micros_of_cost, micros_of_estimate
from support.journals import ACCOUNT, posted, submitted, succeeded, wanted

#: 0.30 US dollars.
_PRICE = 300_000


def test_the_budget_counts_what_is_reserved(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", max_cost=1) as journal:
        for key in "abc":
            submitted(journal, key, estimate=_PRICE)
        with pytest.raises(BudgetReached, match="nothing was sent") as caught:
            posted(journal, wanted("d", estimate=_PRICE))
        told = caught.value
        assert (told.period, told.limit, told.settled, told.reserved, told.needed) == (
            "total", 1.0, 0.0, 0.9, 0.3,
        )  # fmt: skip
        assert journal.entry("d") is None


def test_a_lower_cost_makes_room(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", max_cost=1) as journal:
        for key in "abc":
            succeeded(journal, key, 0.1, estimate=_PRICE)
        assert posted(journal, wanted("d", estimate=_PRICE)) is None


def test_the_limit_may_be_reached_exactly(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", max_cost=0.07) as journal:
        submitted(journal, "a", estimate=micros_of_estimate(0.07))
        with pytest.raises(BudgetReached):
            posted(journal, wanted("b", estimate=1))


def test_what_is_not_sent_frees_its_reservation(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", max_cost=0.3) as journal:
        assert posted(journal, wanted("a", estimate=_PRICE)) is None
        assert posted(journal, wanted("b", estimate=_PRICE)) is None


def test_what_is_unknown_keeps_its_reservation(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", max_cost=0.5) as journal:
        with journal.claiming(wanted("a", estimate=_PRICE)) as claim:
            claim.take()
            claim.sending()
        with pytest.raises(BudgetReached):
            posted(journal, wanted("b", estimate=_PRICE))
        journal.resolve("a", not_sent=True)
        assert posted(journal, wanted("b", estimate=_PRICE)) is None


@pytest.mark.parametrize(
    "cost", [None, -1, float("nan"), float("inf"), "0.01", True, 1e300, [], {}]
)
def test_a_cost_that_is_none_settles_at_the_estimate(tmp_path: Path, cost: object) -> None:
    with Journal(tmp_path / "journal.db", max_cost=0.3) as journal:
        entry = succeeded(journal, "a", cost, estimate=_PRICE)
        assert entry.cost is None
        assert (journal.spend()["acme/cat"].settled, journal.spend()["acme/cat"].reserved) == (
            0.3,
            0,
        )
        with pytest.raises(BudgetReached):
            posted(journal, wanted("b", estimate=1))


def test_a_cost_that_comes_later_replaces_the_estimate(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        succeeded(journal, "a", None, estimate=_PRICE)
        journal.record(ACCOUNT, "r-a", Outcome("succeeded", 0.5))
        journal.record(ACCOUNT, "r-a", Outcome("succeeded", None))
        assert journal.spend()["acme/cat"].settled == 0.5


@pytest.mark.parametrize("state", ["failed", "cancelled", "expired"])
def test_other_ends_settle_too(tmp_path: Path, state: str) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        submitted(journal, "free", estimate=_PRICE)
        submitted(journal, "silent", estimate=_PRICE)
        journal.record(ACCOUNT, "r-free", Outcome(state, 0))  # type: ignore[arg-type]  # one of the states
        journal.record(ACCOUNT, "r-silent", Outcome(state))  # type: ignore[arg-type]  # likewise
        spend = journal.spend()["acme/cat"]
        assert (spend.settled, spend.reserved, spend.requests) == (0.3, 0.0, 2)


def test_without_a_price_a_budget_refuses_to_guess(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", max_cost=1) as journal:
        with pytest.raises(BudgetReached, match="the price of acme/cat is unknown") as caught:
            posted(journal, wanted("a"))
        assert caught.value.needed is None


def test_the_days_budget_counts_the_day_in_utc(tmp_path: Path) -> None:
    now = [datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC).timestamp()]
    with Journal(tmp_path / "journal.db", max_cost_per_day=0.5, clock=lambda: now[0]) as journal:
        submitted(journal, "a", estimate=_PRICE)
        with pytest.raises(BudgetReached, match="the day's budget") as caught:
            posted(journal, wanted("b", estimate=_PRICE))
        assert caught.value.period == "day"
        now[0] += 1
        submitted(journal, "b", estimate=_PRICE)
        journal.record(ACCOUNT, "r-a", Outcome("succeeded", 0.2))
        spend = journal.spend(by="day")
        assert {day: (one.settled, one.reserved) for day, one in spend.items()} == {
            "2026-01-31": (0.2, 0.0),
            "2026-02-01": (0.0, 0.3),
        }


@pytest.mark.parametrize("moment", [-1e12, 0.0, 1e18])
def test_a_clock_that_jumps_loses_no_money(tmp_path: Path, moment: float) -> None:
    now = [1.8e9]
    with Journal(tmp_path / "journal.db", max_cost=1, clock=lambda: now[0]) as journal:
        submitted(journal, "a", estimate=_PRICE)
        now[0] = moment
        submitted(journal, "b", estimate=_PRICE)
        journal.record(ACCOUNT, "r-a", Outcome("succeeded", 0.4))
        assert sum(one.settled + one.reserved for one in journal.spend(by="day").values()) == 0.7
        with pytest.raises(BudgetReached):
            posted(journal, wanted("c", estimate=400_000))


def test_limits_that_are_stored_hold_for_every_process(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as first, Journal(tmp_path / "journal.db") as second:
        first.set_limits(max_cost=0.5)
        submitted(second, "a", estimate=_PRICE)
        with pytest.raises(BudgetReached):
            posted(second, wanted("b", estimate=_PRICE))
        first.set_limits(max_cost=0.6)
        assert posted(second, wanted("b", estimate=_PRICE)) is None


def test_the_stricter_limit_holds(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", max_cost=0.3) as journal:
        journal.set_limits(max_cost=5)
        submitted(journal, "a", estimate=_PRICE)
        with pytest.raises(BudgetReached):
            posted(journal, wanted("b", estimate=_PRICE))


def test_a_new_process_counts_what_was_spent_before(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        succeeded(journal, "a", 0.8)
    with Journal(tmp_path / "journal.db", max_cost=1) as journal, pytest.raises(BudgetReached):
        posted(journal, wanted("b", estimate=_PRICE))


def test_prices_may_be_a_table_or_a_function(tmp_path: Path) -> None:
    with Journal(tmp_path / "a.db", prices={"acme/cat": 0.04}) as journal:
        assert journal.estimate("acme/cat", {}) == 40_000
        assert journal.estimate("acme/dog", {}) is None
    with Journal(tmp_path / "b.db", prices=lambda _, payload: 0.1 * payload["n"]) as journal:
        assert journal.estimate("acme/cat", {"n": 3}) == 300_000


@pytest.mark.parametrize(
    "setting",
    [{"max_cost": -1}, {"max_cost": "1"}, {"max_cost_per_day": float("nan")}, {"price_margin": 0.9}, {"submits": 0}, {"submits": True}],
)  # fmt: skip
def test_a_setting_that_cannot_be_meant_is_refused(tmp_path: Path, setting: object) -> None:
    with pytest.raises(ConfigurationError):
        Journal(tmp_path / "journal.db", **setting)  # type: ignore[arg-type]  # that is the point
    assert not (tmp_path / "journal.db").exists()


def test_amounts_are_whole_micro_dollars() -> None:
    assert micros_of_estimate(0.07) == 70_000
    assert micros_of_estimate(0.0000001) == 1
    assert micros_of_cost(0.1 + 0.2) == 300_000


@pytest.mark.parametrize("margin", [1.0, 1.5])
def test_the_limit_holds_with_costs_half_off(tmp_path: Path, margin: float) -> None:
    """At 50 in flight, with real costs off by 50 % in both directions."""
    chance = random.Random(7)  # noqa: S311  # it is no secret
    limit, price = 3_000_000, 40_000
    real: list[int] = []

    def run(number: int) -> None:
        with suppress(BudgetReached):
            submitted(journal, f"k{number}", estimate=price)
            cost = chance.randint(price // 2, price * 3 // 2)
            journal.record(ACCOUNT, f"r-k{number}", Outcome("succeeded", cost / 1e6))
            real.append(cost)

    with Journal(
        tmp_path / "journal.db", max_cost=limit / 1e6, price_margin=margin, submits=8
    ) as journal:
        with ThreadPoolExecutor(50) as pool:
            list(pool.map(run, range(150)))
        spend = journal.spend()["acme/cat"]
        assert spend.settled == sum(real) / 1e6
    assert sum(real) > limit * 0.9
    if margin == 1.5:
        assert sum(real) <= limit


def test_a_batch_reserves_in_the_users_journal_too(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "user.db", max_cost_per_day=1) as user,
        Journal(tmp_path / "batch" / "journal.db", reserve_in=user) as batch,
    ):
        succeeded(batch, "a", 0.5, estimate=_PRICE)
        submitted(batch, "b", estimate=_PRICE)
        batch.close()
        assert user.spend()["acme/cat"].settled == 0.5
        assert user.spend()["acme/cat"].reserved == 0.3
        assert list(user.entries()) == []
        with pytest.raises(BudgetReached, match="the day's budget"):
            posted(user, wanted("c", estimate=_PRICE))


def test_a_users_journal_that_is_closed_first_is_caught_up_later(tmp_path: Path) -> None:
    user = Journal(tmp_path / "user.db")
    with Journal(tmp_path / "batch" / "journal.db", reserve_in=user, submits=1) as batch:
        submitted(batch, "a", estimate=_PRICE)
        user.close()
        batch.record(ACCOUNT, "r-a", Outcome("succeeded", 0.1))
        with pytest.raises(JournalClosed), batch.claiming(wanted("b", estimate=_PRICE)) as claim:
            claim.take()
        assert batch.entry("b") is None
        assert batch._opened().submit_slots.free == 1
    with (
        Journal(tmp_path / "user.db") as user,
        Journal(tmp_path / "batch" / "journal.db", reserve_in=user),
    ):
        spend = user.spend()["acme/cat"]
        assert (spend.settled, spend.reserved) == (0.1, 0.0)


def test_the_users_budget_stops_a_batch(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "user.db", max_cost_per_day=0.5) as user,
        Journal(tmp_path / "batch" / "journal.db", reserve_in=user) as batch,
    ):
        succeeded(user, "a", 0.3, estimate=_PRICE)
        with pytest.raises(BudgetReached, match="the day's budget"):
            posted(batch, wanted("b", estimate=_PRICE))
        assert batch.entry("b") is None


def test_a_batch_frees_in_the_users_journal_what_was_not_sent(tmp_path: Path) -> None:
    with Journal(tmp_path / "user.db") as user:
        with Journal(tmp_path / "batch" / "journal.db", reserve_in=user) as batch:
            assert posted(batch, wanted("a", estimate=_PRICE)) is None
            submitted(batch, "b", estimate=_PRICE)
            assert posted(batch, wanted("b", estimate=_PRICE)) is not None
        assert user.spend()["acme/cat"].reserved == 0.3
        assert user.spend()["acme/cat"].requests == 1


def test_a_batch_that_was_killed_in_between_is_reconciled(tmp_path: Path) -> None:
    with Journal(tmp_path / "user.db") as user:
        with Journal(tmp_path / "batch" / "journal.db", reserve_in=user) as batch:
            submitted(batch, "a", estimate=_PRICE)
            # As a kill between the two leaves it: settled in the batch, reserved here; and a claim that never was.
            with Journal(tmp_path / "batch" / "journal.db") as alone:
                alone.record(ACCOUNT, "r-a", Outcome("succeeded", 0.1))
            _reserve_for_nothing(batch, user)
            assert user.spend()["acme/cat"].reserved == 0.6
        with Journal(tmp_path / "batch" / "journal.db", reserve_in=user):
            spend = user.spend()["acme/cat"]
            assert (spend.settled, spend.reserved, spend.requests) == (0.1, 0.0, 1)


def _reserve_for_nothing(batch: Journal, user: Journal) -> None:
    source = batch._opened().journal_id
    statement = "INSERT INTO charges VALUES (?, ?, 'acme/cat', '2026-01-01', ?, 0, 0, NULL)"
    user._write(lambda _, to: to.execute(statement, (source, "f" * 32, _PRICE)).rowcount)
