"""What a request is expected to cost, and what one server may spend in its life."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runcomfy import ModelEntry
from runcomfy.journal import Journal
from runcomfy.journal.allowance import Allowance
from runcomfy.journal.prices import price_of
from support.journals import ACCOUNT, submitted, succeeded

IMAGE, SECOND, OUTPUT = (
    ModelEntry.from_answer({"model_id": "acme/cat", "base_price_usd": 0.04, "price_unit": unit})
    for unit in ("image", "second", "output")
)


@pytest.mark.parametrize(
    ("entry", "payload", "price"),
    [
        (IMAGE, {}, 0.04),
        (IMAGE, {"n": 4}, 0.16),
        (IMAGE, {"num_images": "2"}, 0.08),
        (IMAGE, {"n": None, "max_images": 3}, 0.12),
        (IMAGE, {"n": -4}, None),
        (IMAGE, {"n": 10**400}, None),
        (SECOND, {"duration": 5}, 0.2),
        (SECOND, {"duration": "10s"}, 0.4),
        (SECOND, {}, None),
        (SECOND, {"duration": -1}, None),
        (SECOND, {"duration": "auto", "seconds": 1}, None),
        (SECOND, {"duration": True}, None),
        (SECOND, {"duration": float("nan")}, None),
        (OUTPUT, {"n": 4}, 0.04),
        (ModelEntry.from_answer({"base_price_usd": -1, "price_unit": "image"}), {}, None),
        (ModelEntry.from_answer({"base_price_usd": 1, "price_unit": "megapixel"}), {}, None),
        (None, {}, None),
    ],
    ids=str,
)
def test_a_price_is_that_of_the_inputs(entry: Any, payload: Any, price: float | None) -> None:
    assert price_of(entry, payload) == (None if price is None else pytest.approx(price))


def test_an_allowance_counts_costs_where_they_are_known(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        allowance = Allowance(journal, ACCOUNT, 1.0)
        for key in "ab":
            assert allowance.take(key, 0.4)
        assert not allowance.take("c", 0.4)
        succeeded(journal, "a", 0.1)
        submitted(journal, "b", "other-id")
        assert allowance.spent == pytest.approx(0.5)
        assert allowance.take("c", 0.4)


def test_an_allowance_counts_what_cost_more_than_expected(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        allowance = Allowance(journal, ACCOUNT, 1.0)
        assert allowance.take("a", 0.1)
        succeeded(journal, "a", 0.95)
        assert not allowance.take("b", 0.1)


def test_an_allowance_without_a_limit_allows_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        allowance = Allowance(journal, ACCOUNT, None)
        assert (allowance.has_room(0.0), allowance.take("a", 0.0)) == (False, False)


def test_an_unknown_price_never_fits_an_allowance(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        assert not Allowance(journal, ACCOUNT, 1e6).take("a", None)


def test_what_was_not_sent_is_released(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        allowance = Allowance(journal, ACCOUNT, 0.1)
        assert allowance.take("a", 0.1)
        allowance.release("a")
        assert allowance.spent == 0
        assert allowance.take("a", 0.1)
        assert allowance.take("a", 0.1)  # the same key is counted once
