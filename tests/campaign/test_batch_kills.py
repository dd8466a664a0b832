"""A batch that is killed at random moments pays no row twice, and loses nothing that was paid."""

from __future__ import annotations

from pathlib import Path

import pytest

from .batch_kills import batch_campaign


def test_a_few_kills_of_a_batch_pay_no_row_twice(tmp_path: Path) -> None:
    done = batch_campaign(tmp_path, kills=2, rows=12, seed=1)
    assert done.broken == []
    assert done.accepted >= 6


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_forty_kills_of_a_batch_of_300_rows_lose_nothing(tmp_path: Path) -> None:
    done = batch_campaign(tmp_path, kills=40, rows=300, seed=2)
    assert done.broken == []
    assert done.accepted >= 100
    # Each kill leaves no more unknown than are posting at once; faults of submits leave some as well.
    assert done.unknown <= 4 * done.kills + done.lost
