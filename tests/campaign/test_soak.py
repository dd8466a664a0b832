"""The random campaign, as small as a change can wait for; ``make soak`` runs the large one."""

from __future__ import annotations

import pytest

from .soak import soak

pytestmark = pytest.mark.slow


def test_every_request_ends_in_a_result_or_in_an_error_that_carries_its_id() -> None:
    done = soak(requests=150, rate=0.2, seed=7)
    assert not done.broken, "\n".join(done.lines())
    assert done.outcomes.total() == 150
    assert done.outcomes["Client", "result"] >= 20
    assert done.outcomes["AsyncClient", "result"] >= 20
    assert done.struck >= 50


def test_without_faults_every_request_ends_in_a_result() -> None:
    done = soak(requests=40, rate=0.0)
    assert not done.broken, "\n".join(done.lines())
    assert {name for _, name in done.outcomes} == {"result"}
