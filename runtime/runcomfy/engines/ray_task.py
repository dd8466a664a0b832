"""``run_task``: the Ray task that runs a shard on some node, against the journal's actor."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import anyio
import ray
from ray.exceptions import RayError

from runcomfy import otel
from runcomfy.batch.batch import single_error
from runcomfy.batch.outcome import WAITING, BatchOutcome, BatchSummary
from runcomfy.errors import RunComfyError

from .remote_journal import RemoteJournal, gone
from .shards import ClientFactory, Shard, run_shard

__all__ = ["Ran", "not_begun", "run_task"]

#: The outcomes of rows by their indexes, the summary, and what stopped the shard.
Ran = tuple[list[tuple[int, BatchOutcome]], BatchSummary, RunComfyError | None]


@ray.remote
def run_task(
    actor: Any,
    number: int,
    shard: Shard,
    client_factory: ClientFactory,
    estimate: int | None,
    trace: Mapping[str, str],
) -> Ran:
    """Run a shard: the outcome of each row, the summary, and what stopped it."""
    try:
        if not ray.get(actor.begin.remote(number)):
            return not_begun(shard)
    except RayError as lost:
        return [], BatchSummary(), gone(lost)
    lease = actor.hold.remote()
    journal = RemoteJournal(actor, lease, estimate)
    outcomes: list[tuple[int, BatchOutcome]] = []

    def tell(index: int, outcome: BatchOutcome) -> None:
        plain = replace(outcome, result=None)
        outcomes.append((index, plain))
        actor.tell.remote(index, plain)

    async def main() -> BatchSummary:
        client = client_factory.client()
        try:
            return await run_shard(client, journal, shard, tell, actor.limited.remote)
        finally:
            await client.aclose()

    try:
        with otel.carried(trace) if trace else nullcontext(), single_error():
            return outcomes, anyio.run(main), None
    except RunComfyError as error:
        return outcomes, BatchSummary(), error
    finally:
        ray.cancel(lease)


def not_begun(shard: Shard) -> Ran:
    """What a shard that was not begun returns."""
    found = [(row.index, BatchOutcome(row.number, row.key, WAITING)) for row in shard.rows]
    return found, BatchSummary(), None
