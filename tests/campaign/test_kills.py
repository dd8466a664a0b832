"""Programs that are killed at random moments pay nothing twice, and lose nothing that was paid."""

from __future__ import annotations

from pathlib import Path

import pytest

from .kills import kill_campaign


def test_a_few_kills_pay_nothing_twice_and_lose_nothing(tmp_path: Path) -> None:
    done = kill_campaign(tmp_path, kills=4, keys=10, seed=1)
    assert done.broken == []
    assert done.accepted >= 5


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_hundred_kills_pay_nothing_twice_and_lose_nothing(tmp_path: Path) -> None:
    done = kill_campaign(tmp_path, kills=200, keys=800, seed=2)
    assert done.broken == []
    assert done.accepted >= 300
    # Each kill leaves no more unknown than are posting at once; faults of submits leave some as well.
    assert done.unknown <= 4 * done.kills + done.lost


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_on_one_journal_pay_nothing_twice(tmp_path: Path) -> None:
    done = kill_campaign(tmp_path, kills=30, keys=200, processes=2, seed=3)
    assert done.broken == []
    assert done.accepted >= 60
    assert done.unknown <= 2 * 4 * done.kills + done.lost
