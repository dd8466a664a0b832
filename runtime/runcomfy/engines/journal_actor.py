"""``JournalActor``: the journal of a batch for the workers of a cluster. It runs only on the machine of the batch's folder.

It opens the journal that the driver created, and never creates one. It holds the claims of its workers, with the locks that
show that they are alive. A worker passes an object reference that it owns with its claim: Ray invalidates it when the worker
or its node dies. If the actor itself is killed, its locks are released, and submits in flight become unknown.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any, Concatenate, ParamSpec, TypeVar

import ray
from ray.exceptions import RayError

from runcomfy.batch.outcome import WAITING, BatchOutcome
from runcomfy.batch.pace import Pace
from runcomfy.batch.row_outcomes import BatchPaused, BatchStopped
from runcomfy.batch.runner import PAUSED
from runcomfy.errors import JournalError, RunComfyError
from runcomfy.journal import Account, Claim, Entry, Journal, Outcome, Wanted

__all__ = ["JournalActor"]

Given = ParamSpec("Given")
ReturnT = TypeVar("ReturnT")
#: Seconds between two checks that the batch still has a runner, and for which a driver waits for outcomes.
_LOOK, _LISTEN = 1.0, 0.5
#: The part of a row's time for which it waits for its turn, before it is put back.
_PATIENCE = 0.25


def _answered(
    method: Callable[Concatenate[JournalActor, Given], Awaitable[ReturnT]],
) -> Callable[
    Concatenate[JournalActor, Given], Awaitable[tuple[ReturnT | None, RunComfyError | None]]
]:
    """Return errors of runcomfy with the result, because Ray would wrap a raised one."""

    @functools.wraps(method)
    async def answered(
        self: JournalActor, /, *given: Given.args, **named: Given.kwargs
    ) -> tuple[ReturnT | None, RunComfyError | None]:
        try:
            return await method(self, *given, **named), None
        except RunComfyError as error:
            return None, error

    return answered


@dataclass(slots=True)
class _Held:
    """A claim of a worker, from the moment it is requested until the worker reports the outcome."""

    claim: Claim
    lease: Any
    taking: asyncio.Future[Entry | None]


class JournalActor:
    """The journal as a Ray actor. ``rate`` limits the claims per second; with ``stop_on_error``, none is granted after a failed row.

    A rate limit of the service lowers the pace of all workers together.
    """

    def __init__(
        self, open_journal: Callable[[], Journal], rate: float | None, *, stop_on_error: bool
    ) -> None:
        self._open, self._stop_on_error = open_journal, stop_on_error
        self._pace, self._turns = Pace(rate), asyncio.Lock()
        self._journal: Journal | None = None
        self._opening = asyncio.Lock()
        self._held: dict[str, _Held] = {}
        #: The leases of workers, with the tasks that wait for their end.
        self._leases: dict[Any, asyncio.Task[None]] = {}
        self._dead: set[Any] = set()
        self._stopped, self._paused = "", False
        #: The shards that run, or have run.
        self._begun: set[int] = set()
        self._outcomes: list[tuple[int, BatchOutcome]] = []
        self._news = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @_answered
    async def open(self) -> str:
        """Open the journal: its id."""
        return (await self._opened()).journal_id

    async def hold(self) -> None:
        """Never return: the pending call shows that the caller is alive."""
        await asyncio.Event().wait()

    @_answered
    async def claim(self, wanted: Wanted, lease: list[Any], seconds: float | None) -> Entry | None:
        """Claim the key. Returns ``None`` if granted, else the existing entry. The call may be repeated."""
        journal = await self._opened()
        ends = None if seconds is None else monotonic() + seconds
        if wanted.token not in self._held:
            self._watch(lease[0])
            await self._turn(seconds)
            self._watch(lease[0])  # it may have died meanwhile
        held = self._held.get(wanted.token)
        if held is None:
            claim = journal.claiming(wanted)
            taking = asyncio.ensure_future(claim.take_async(ends))
            held = self._held[wanted.token] = _Held(claim, lease[0], taking)
            taking.add_done_callback(functools.partial(self._taken, wanted.token))
        try:
            return await asyncio.shield(held.taking)
        except asyncio.CancelledError:
            raise JournalError(f"the claim of {wanted.key!r:.80} was abandoned") from None

    @_answered
    async def submitted(self, token: str, request_id: str) -> Entry | None:
        """The service gave this id. A claim that an actor before this one granted is unknown by now, and becomes submitted."""
        journal = await self._opened()
        held = self._held.pop(token, None)
        if held is None:
            return await journal.submitted_async(token, request_id)
        return await held.claim.submitted_async(request_id)

    @_answered
    async def ended(self, token: str, state: str, reason: str, request_id: str | None) -> None:
        """It was not sent, or its outcome is unknown."""
        held = self._held.pop(token, None)
        if held is None:
            return
        if not held.taking.done():
            held.taking.cancel()
            held.claim.close()
        elif state == "not_sent":
            held.claim.not_sent(reason)
        else:
            held.claim.unknown(reason, request_id)

    @_answered
    async def find(self, account: Account, key: str) -> Entry | None:
        """The entry under a key."""
        return await asyncio.to_thread((await self._opened()).find, account, key)

    @_answered
    async def standing(self, wanted: Wanted) -> Entry | None:
        """The entry that would prevent a claim."""
        return await asyncio.to_thread((await self._opened()).standing, wanted)

    @_answered
    async def record(self, account: Account, request_id: str, outcome: Outcome) -> bool:
        """Write how a request ended."""
        journal = await self._opened()
        return await asyncio.to_thread(journal.record, account, request_id, outcome)

    @_answered
    async def record_files(
        self, account: Account, request_id: str, saved: Sequence[tuple[str, str, Path | str]]
    ) -> Entry | None:
        """Write where files of a request were saved."""
        return await (await self._opened()).record_files_async(account, request_id, saved)

    @_answered
    async def fact(self, name: str) -> str | None:
        """A stored string."""
        return await asyncio.to_thread((await self._opened()).fact, name)

    async def tell(self, index: int, outcome: BatchOutcome) -> None:
        """Record the outcome of the row with this index."""
        if outcome.state != WAITING:
            self._pace.succeeded()
        if self._stop_on_error and outcome.state not in ("succeeded", WAITING):
            await self.stop("error")
        self._outcomes.append((index, outcome))
        self._news.set()

    async def outcomes(self) -> list[tuple[int, BatchOutcome]]:
        """The outcomes since the last call. They may be lost, because shards return all outcomes at the end."""
        try:
            await asyncio.wait_for(self._news.wait(), _LISTEN)
        except TimeoutError:
            return []
        self._news.clear()
        told, self._outcomes = self._outcomes, []
        return told

    async def begin(self, shard: int) -> bool:
        """Whether the shard of this number may run: not one that starts only after a stop."""
        if not self._stopped:
            self._begun.add(shard)
        return shard in self._begun

    async def has_begun(self, shard: int) -> bool:
        """Whether the shard of this number may be running. An actor that was restarted does not know."""
        restarted = ray.get_runtime_context().was_current_actor_reconstructed
        return shard in self._begun or bool(restarted)

    async def limited(self, retry_after: float | None) -> None:
        """The service limited the rate of a worker, and may have said for how many seconds."""
        self._pace.limited(monotonic(), retry_after)

    async def stop(self, reason: str) -> None:
        """Grant no further claim, nor one that waits for its turn."""
        if not self._stopped:
            self._stopped = reason
            self._refuse()

    async def close(self) -> None:
        """Write pending changes, and end all waits for outcomes."""
        self._news.set()
        if self._journal is not None:
            await asyncio.to_thread(self._journal.close)

    async def _opened(self) -> Journal:
        async with self._opening:
            if self._journal is None:
                self._journal = await asyncio.to_thread(self._open)
                self._paused = await asyncio.to_thread(self._journal.fact, PAUSED) is not None
                self._refuse()
                self._watching = asyncio.ensure_future(self._look(self._journal))
            return self._journal

    async def _turn(self, seconds: float | None) -> None:
        """Wait until another claim is allowed. Raises ``BatchStopped``, and ``BatchPaused`` for a row that is to be put back."""
        ends = inf if seconds is None else monotonic() + seconds * _PATIENCE
        async with self._turns:
            while (now := monotonic()) < min(self._pace.not_before, ends) and not self._is_halted:
                await asyncio.sleep(min(self._pace.not_before - now, _LOOK))
            if not self._is_halted and now >= self._pace.not_before:
                self._pace.start(now)
                return
        if self._stopped:
            raise BatchStopped(self._stopped)
        await asyncio.sleep(_LOOK)  # the worker learns of a pause meanwhile
        raise BatchPaused("the batch is paused, or the service limits its pace")

    @property
    def _is_halted(self) -> bool:
        return bool(self._stopped) or self._paused

    def _refuse(self) -> None:
        """Let no claim that waits for a slot be granted while the batch is stopped or paused."""
        refusal: Callable[[], RunComfyError] | None = None
        if self._stopped:
            refusal = functools.partial(BatchStopped, self._stopped)
        elif self._paused:
            refusal = functools.partial(BatchPaused, "the batch is paused")
        if self._journal is not None:
            with suppress(JournalError):  # it is closed, and grants nothing
                self._journal.refuse_claims(refusal)

    def _taken(self, token: str, taking: asyncio.Future[Entry | None]) -> None:
        """A claim was granted, or not: one that was is posted from now on."""
        held = self._held.get(token)
        if held is None:
            return
        if taking.cancelled() or taking.exception() is not None or taking.result() is not None:
            del self._held[token]
            held.claim.close()
        else:
            held.claim.sending()

    def _watch(self, lease: Any) -> None:
        """Start one task per worker that waits for its end."""
        if lease in self._dead:
            raise JournalError("this worker was considered dead and can claim nothing more")
        if lease not in self._leases:
            self._leases[lease] = asyncio.ensure_future(self._until_gone(lease))

    async def _until_gone(self, lease: Any) -> None:
        with suppress(RayError):  # its owner died, or released the lease
            await lease
        self._dead.add(lease)
        journal = self._journal
        with suppress(JournalError):  # it is closed, and grants nothing
            if journal is not None and not await asyncio.to_thread(lambda: journal.has_runner):
                # The driver was killed, and its other workers die as well: a slot that comes free now is for none of them.
                await self.stop("interrupt")
        del self._leases[lease]
        for token, held in list(self._held.items()):
            if held.lease != lease:
                continue
            del self._held[token]
            if held.taking.done():
                held.claim.unknown("the worker that submitted it has died")
            else:  # it was never granted, so nothing was sent
                held.taking.cancel()
                held.claim.close()

    async def _look(self, journal: Journal) -> None:
        """Notice a pause from another terminal. Exit when the batch no longer has a runner, because the driver was killed."""
        while await asyncio.to_thread(lambda: journal.has_runner):
            with suppress(JournalError):  # a claim reports it
                paused = await asyncio.to_thread(journal.fact, PAUSED) is not None
                if paused != self._paused:
                    self._paused = paused
                    self._refuse()
            await asyncio.sleep(_LOOK)
        ray.kill(ray.get_runtime_context().current_actor)
