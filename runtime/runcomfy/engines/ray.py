"""``RayRunner``: a batch whose rows are run by tasks of a Ray cluster, with Ray's own retries, against one journal.

The driver stays on the machine of the folder: it reads the rows, hands them out in shards, and saves the files. A shard whose retries
are spent is handed out again. Where processes run, and how they are reached, is Ray's.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import anyio
import ray
from anyio.to_thread import run_sync
from ray.exceptions import (
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from runcomfy import otel
from runcomfy.batch.known_rows import Known
from runcomfy.batch.options import BatchOptions
from runcomfy.batch.outcome import WAITING, BatchOutcome, BatchSummary
from runcomfy.batch.rows import BatchRow
from runcomfy.batch.runner import BatchClient, Runner
from runcomfy.batch.scheduler import reason_of
from runcomfy.errors import ConfigurationError, JournalError, RunComfyError
from runcomfy.journal import Journal
from runcomfy.model.request import Request

from .journal_actor import JournalActor
from .ray_cluster import NAMESPACE, address_of, connect, end_actor, keep_sigterm, require_place
from .ray_task import Ran, not_begun, run_task
from .remote_journal import gone
from .shards import ClientFactory, Shard

__all__ = ["RayRunner"]

_log = logging.getLogger("runcomfy")

#: Rows in flight that are worth a process, and how many times that a shard has.
_IN_FLIGHT, _ROUNDS = 25, 4
#: How often a shard is handed out again when Ray's own retries are spent.
_REQUEUES = 20
#: Calls that the journal's actor has open at once, beside one for each row in flight.
_CALLS = 1000
#: Seconds after which the command says what it waits for.
_LONG = 10
#: The final states, which may be reported before the shard of the row ends.
_FINAL = ("succeeded", "failed", "cancelled", "expired", "unknown")
#: Why a task came to no end, when Ray has tried it as often as it does: its process or its node is gone.
_LOST = (
    WorkerCrashedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
)

_Tell = Callable[[int, BatchOutcome], object]


class RayRunner:
    """``Runner`` on a Ray cluster. ``address`` is that of the cluster; without one Ray runs on this machine."""

    def __init__(
        self,
        address: str | None,
        client_factory: ClientFactory,
        client: BatchClient,
        journal: Journal,
        model: type[Request[Any]],
        folder: Path,
        options: BatchOptions,
    ) -> None:
        self._address = address_of(address)
        self._client_factory, self._journal = client_factory, journal
        self._model, self._folder, self._options = model, folder, options
        #: For the work that no task does: reporting completed rows, and saving files.
        self._here = Runner(client, journal, model, folder, options)
        self.summary = self._here.summary
        self._rows: dict[int, BatchRow] = {}
        self._stopped = ""
        self._error: RunComfyError | None = None
        self._actor: Any = None
        self._ended = False
        #: The shards that were handed to Ray, by their numbers, with what stops waiting for each.
        self._shards: dict[int, anyio.CancelScope] = {}

    @property
    def running(self) -> int:
        """The rows that may be in flight: a shard holds more than it runs at once. And those whose files are being saved."""
        return min(len(self._rows), self._options.jobs) + self._here.running

    def stop(self, reason: str = "interrupt") -> None:
        """Start no further row; wait for those in flight."""
        self._stopped = self._stopped or reason

    async def run(
        self,
        rows: Iterable[BatchRow],
        known: Mapping[str, Known],
        why_bad: Callable[[BatchRow], str],
        tell: _Tell,
    ) -> BatchSummary:
        """Run the rows, as ``Runner.run`` does. Raises ``JournalError`` and ``ConfigurationError``."""
        self._here.know(known)
        feed = _Feed(rows, self._here, known, why_bad, tell)
        if not await feed.look_ahead(1):
            return self.summary
        started = await run_sync(connect, self._address, self._client_factory)
        keep_sigterm()
        try:
            require_place(self._journal, self._folder)
            self._actor = await self._journal_actor()
            if self._actor is not None:
                await self._run_all(feed, known, tell)
            await self._report_rest(feed, tell)
        finally:
            with anyio.CancelScope(shield=True):
                await self._leave(shut_down=started)
        if self._error is not None:
            raise self._error
        return self.summary

    async def _journal_actor(self) -> Any:
        """The journal for the workers, on this node; ``None`` if the batch is stopped before it has started.

        One that a killed driver left is ended first: its workers are gone, or go.
        """
        name = f"journal {self._journal.journal_id}"
        await run_sync(end_actor, name)
        node = ray.get_runtime_context().get_node_id()
        actor: Any = (
            ray.remote(JournalActor)
            .options(
                name=name,
                namespace=NAMESPACE,
                lifetime="detached",
                num_cpus=0,
                max_restarts=-1,
                max_task_retries=-1,
                max_concurrency=self._options.jobs + _CALLS,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
            )
            .remote(
                self._journal.opener(),
                self._options.rate,
                stop_on_error=self._options.stop_on_error,
            )
        )
        opened = actor.open.remote()
        seconds = 0
        while not await run_sync(_is_ready, opened):
            seconds += 1
            if self._stopped:
                ray.kill(actor)
                return None
            if seconds == _LONG:
                _log.warning(
                    "the journal's process has not started yet; does this node lack memory?"
                )
        try:
            _, error = await opened
        except RayError as lost:
            raise gone(lost) from None
        if error is not None:
            raise error
        return actor

    async def _leave(self, *, shut_down: bool) -> None:
        """End the actor, and Ray if it was started here."""
        if self._actor is not None:
            await self._close_actor()
            ray.kill(self._actor)
        if shut_down:
            await run_sync(ray.shutdown)

    async def _close_actor(self) -> None:
        try:
            await self._actor.close.remote()
        except RayError as lost:
            _log.info("the journal's actor has died: %s", lost)

    async def _run_all(self, feed: _Feed, known: Mapping[str, Known], tell: _Tell) -> None:
        at_once, options = self._split()
        size = options.jobs * _ROUNDS
        size = min(size, -(-await feed.look_ahead(size * at_once) // at_once))
        async with anyio.create_task_group() as listening:
            listening.start_soon(self._listen, tell)
            async with anyio.create_task_group() as group:
                self._group = group
                places = anyio.Semaphore(at_once)
                left = self._options.max_requests
                while not self._stopped:
                    await places.acquire()
                    if self._stopped or left == 0:
                        break
                    rows = await feed.read(size if left is None else min(size, left))
                    if not rows:
                        break
                    left = None if left is None else left - len(rows)
                    self._rows |= {row.index: row for row in rows}
                    repeated = {row.key: known[row.key] for row in rows if row.key in known}
                    shard = Shard(self._model, self._folder, options, rows, repeated)
                    group.start_soon(self._run_shard, shard, places, tell)
            self._ended = True
            await self._close_actor()

    async def _report_rest(self, feed: _Feed, tell: _Tell) -> None:
        """Report the rows that were not handed out, and why the batch stopped."""
        waiting = 0
        while rows := await feed.read(_CALLS):
            waiting += len(rows)
            for row in rows:
                self._here.tell(row, BatchOutcome(row.number, row.key, WAITING), tell)
        if waiting and not self._stopped:
            self._stopped = "requests"
        self.summary.stopped, self.summary.reason = self._stopped, reason_of(self._stopped)

    def _split(self) -> tuple[int, BatchOptions]:
        """How many shards run at once, and the options of each. Pace and number of requests are bounded over all of them."""
        resources: Mapping[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray leaves it so
        cpus = int(resources.get("CPU", 1))
        jobs = self._options.jobs
        at_once = max(1, min(cpus, -(-jobs // _IN_FLIGHT)))
        options = replace(
            self._options,
            jobs=jobs // at_once,
            rate=None,
            max_requests=None,
            save=self._options.save and self._options.bucket is not None,
        )
        return at_once, options

    async def _run_shard(self, shard: Shard, places: anyio.Semaphore, tell: _Tell) -> None:
        """Run a shard to its end; submit it again if it is lost."""
        trace = otel.carrier() if "opentelemetry" in sys.modules else {}
        estimate = self._journal.estimate(self._model.model_id, {})
        try:
            for _ in range(_REQUEUES):
                try:
                    outcomes, summary, error = await self._ran(shard, estimate, trace)
                except _LOST as lost:
                    _log.info("a shard is rescheduled: %s", lost)
                    continue
                break
            else:
                raise JournalError("a shard was lost repeatedly; rerun the command to resume")
        except RayError as failed:
            error, outcomes, summary = _foreign(failed), [], BatchSummary()
        except RunComfyError as failed:
            error, outcomes, summary = failed, [], BatchSummary()
        finally:
            places.release()
            self._shards.pop(shard.rows[0].index, None)
        for index, outcome in outcomes:
            self._take(index, outcome, tell)
        if error is not None:
            self._error = self._error or error
            self.stop("error")
        elif summary.stopped:
            # The journal interrupts a shard: for this driver, which has its own reason then, or because a row failed.
            self.stop("error" if summary.stopped == "interrupt" else summary.stopped)

    async def _ran(self, shard: Shard, estimate: int | None, trace: Mapping[str, str]) -> Ran:
        """Submit a shard, and wait for it, unless the batch is stopped before a node has room for it."""
        number = shard.rows[0].index
        task = run_task.remote(self._actor, number, shard, self._client_factory, estimate, trace)
        with anyio.CancelScope() as scope:
            self._shards[number] = scope
            ran: Ran = await task
            return ran
        ray.cancel(task)
        return not_begun(shard)

    async def _abandon(self) -> None:
        """Stop waiting for shards that no node has begun; the actor lets none of them begin later."""
        for number, scope in [*self._shards.items()]:
            if not await self._actor.has_begun.remote(number):
                scope.cancel()

    def _take(self, index: int, outcome: BatchOutcome, tell: _Tell) -> None:
        """Accept an outcome, once; save the files of a successful one."""
        row = self._rows.pop(index, None)
        if row is None:
            return
        if self._options.stop_on_error and outcome.state not in ("succeeded", WAITING):
            self.stop("error")
        if outcome.state == "succeeded" and self._options.save and self._options.bucket is None:
            self._group.start_soon(self._save, row, tell)
        else:
            self._here.tell(row, outcome, tell)

    async def _save(self, row: BatchRow, tell: _Tell) -> None:
        """Save the files of a row here, where the folder is: the journal has the request, so nothing is submitted."""
        outcome, _, _ = await self._here.outcome_of(row)
        if not outcome.state:  # the service was not reached, and the row is not put back
            outcome = replace(outcome, state="unsaved")
        self._here.tell(row, outcome, tell)

    async def _listen(self, tell: _Tell) -> None:
        """Take what the shards tell before they end, and tell the actor to grant nothing more, again and again: it may be a new one."""
        while not self._ended:
            try:
                for index, outcome in await self._actor.outcomes.remote():
                    if outcome.state in _FINAL:
                        self._take(index, outcome, tell)
                if self._stopped:
                    await self._actor.stop.remote(self._stopped)
                    await self._abandon()
            except RayError as lost:
                self._error = self._error or gone(lost)
                self.stop("error")
                return


def _is_ready(reference: Any) -> bool:
    """Wait a second for the value of a reference; whether it is there."""
    return bool(ray.wait([reference], timeout=1.0)[0])


class _Feed:
    """Reads rows in a thread, and leaves out those that need nothing."""

    def __init__(
        self,
        rows: Iterable[BatchRow],
        runner: Runner,
        known: Mapping[str, Known],
        why_bad: Callable[[BatchRow], str],
        tell: _Tell,
    ) -> None:
        self._rows, self._runner = iter(rows), runner
        self._known, self._why_bad, self._tell = known, why_bad, tell
        self._ahead: list[BatchRow] = []

    async def look_ahead(self, count: int) -> int:
        """How many rows there are still, at most so many."""
        self._ahead = await self.read(count)
        return len(self._ahead)

    async def read(self, count: int) -> list[BatchRow]:
        """So many rows that something is to be done for; fewer at the end."""
        found, self._ahead = self._ahead[:count], self._ahead[count:]
        while len(found) < count:
            read = await run_sync(list, islice(self._rows, count - len(found)))
            if not read:
                break
            found += [
                row
                for row in read
                if not self._runner.tell_if_over(row, self._known, self._why_bad, self._tell)
            ]
        return found


def _foreign(error: RayError) -> RunComfyError:
    """The error of a task that could not run at all: its node lacks something."""
    told = str(error).strip().splitlines()
    return ConfigurationError(
        f"a node of the cluster could not run a shard: {told[-1] if told else type(error).__name__}. Every node needs "
        "the same Python version, the same version of runcomfy[ray], and the model's package"
    )
