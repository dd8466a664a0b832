"""A batch with 200 requests in flight keeps its budget, although each costs up to half more or less than was expected."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from runcomfy.journal.grouped_commits import GroupedCommits
from runcomfy.journal.joint_writes import ClaimWrite
from runcomfy.mock import MockService, Settings, catalogue, small_output
from runcomfy_models.openai import GptImage1_5TextToImage

PRICE, LIMIT, ROWS, FLIGHT = 0.04, 12.0, 500, 200
MICRO = 1_000_000


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("margin", [1.0, 1.5])
def test_the_budget_holds_at_200_in_flight_with_costs_half_off(
    tmp_path: Path, margin: float
) -> None:
    chance = random.Random(7)  # noqa: S311  # it is no secret
    sums: list[int] = []
    granted: list[ClaimWrite] = []
    commit = GroupedCommits._commit

    def watched(commits: GroupedCommits, connection: Any, group: Any) -> Any:
        """The transactions that grant claims: what is settled and reserved when their submits go out."""
        outcomes, count = commit(commits, connection, group)
        claims = [
            one.write
            for one, outcome in zip(group, outcomes, strict=True)
            if isinstance(one.write, ClaimWrite) and outcome == (None, None)
        ]
        if claims:
            granted.extend(claims)
            query = "SELECT sum(settled + reserved) FROM charges"
            sums.append(connection.execute(query).fetchone()[0])
        return outcomes, count

    settings = Settings(make_output=small_output, polls_in_queue=1, polls_running=1)
    with (
        MockService(settings) as service,
        patch.object(catalogue, "price", lambda *_: PRICE * chance.uniform(0.5, 1.5)),
        patch.object(GroupedCommits, "_commit", watched),
        service.client() as client,
    ):
        run = client.batch(
            GptImage1_5TextToImage,
            [{"prompt": f"hat {number}"} for number in range(ROWS)],
            out=tmp_path / "b",
            jobs=FLIGHT,
            submits=50,
            price=PRICE,
            price_margin=margin,
            max_cost=LIMIT,
            save=False,
        )
        most = max(run._batch.running for _ in run if run._batch is not None)
        spent, accepted = service.spent, service.accepted
    assert run.summary is not None
    assert run.summary.stopped == "budget"
    assert most > 50
    assert max(sums) <= LIMIT * MICRO
    # What is in flight is waited for, as it may leave room: in the end there is none for another request.
    assert len(granted) == accepted
    assert spent > LIMIT - PRICE * margin - 0.001
    if margin == 1.5:
        assert spent <= LIMIT
