"""Batches on a Ray cluster whose workers, nodes, journal actor and driver are killed pay no row twice and lose nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from .ray_kills import SUBMITS, ray_campaign

# Kills for each number of nodes; `make soak-ray` has 40 for each.
KILLS, ROWS = 20, 300


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("ray")
@pytest.mark.parametrize("nodes", [2, 3])
def test_kills_on_a_cluster_pay_no_row_twice(nodes: int, tmp_path: Path) -> None:
    done = ray_campaign(tmp_path, kills=KILLS, rows=ROWS, nodes=nodes, seed=nodes)
    assert done.broken == []
    assert done.accepted >= KILLS
    assert done.kinds is not None
    assert set(done.kinds) == {"worker", "node", "actor", "driver"}
    # Each kill leaves no more unknown than are posting at once; faults of submits leave some as well.
    assert done.unknown <= SUBMITS * done.kills + done.lost
    assert done.retried > 0  # Ray's own retries are on
