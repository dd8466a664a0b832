"""``RemoteJournal``: a worker's access to the journal of a batch, through the ``JournalActor``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Self

import ray
from ray.exceptions import RayError, RayTaskError

from runcomfy.errors import JournalError
from runcomfy.journal import Account, Entry, Outcome, Wanted
from runcomfy.journal.repeats import Repeats

__all__ = ["RemoteClaim", "RemoteJournal", "gone"]


def gone(error: Exception) -> JournalError:
    """The error for a journal whose node or actor has died, or that failed in a way that it does not expect."""
    if isinstance(error, RayTaskError):
        cause = error.cause
        return JournalError(
            f"the journal of the batch failed, and nothing more is submitted: {type(cause).__name__}: {cause}. Every node "
            "needs the same version of runcomfy; rerun the command to resume"
        )
    told = str(error).strip().splitlines()
    return JournalError(
        "the journal of the batch cannot be reached, and nothing more is submitted: the node that holds the batch's "
        f"folder is gone ({type(error).__name__}: {told[0] if told else ''}). When it is back, run the same command there"
    )


class RemoteJournal:
    """The journal interface for clients, over Ray. ``lease`` is a reference owned by this process; ``estimate`` is in micro-dollars."""

    def __init__(self, actor: Any, lease: Any, estimate: int | None) -> None:
        self._actor, self._lease = actor, lease
        self._estimate = estimate
        self._repeats = Repeats()

    def estimate(self, _model_id: str, _payload: Mapping[str, Any]) -> int | None:
        """The estimated cost of a request."""
        return self._estimate

    def claiming(self, wanted: Wanted) -> RemoteClaim:
        """A claim that is not taken yet."""
        return RemoteClaim(self, self._repeats.counted(wanted))

    def repeat_once(self, key: str, attempts: int) -> None:
        """Repeat the request under this key only while it was claimed so many times."""
        self._repeats.once(key, attempts)

    def find(self, account: Account, key: str) -> Entry | None:
        """The entry under a key."""
        found: Entry | None = self.ask("find", account, key)
        return found

    def standing(self, wanted: Wanted) -> Entry | None:
        """The entry that would prevent a claim."""
        found: Entry | None = self.ask("standing", self._repeats.counted(wanted))
        return found

    def fact(self, name: str) -> str | None:
        """A stored string."""
        found: str | None = self.ask("fact", name)
        return found

    async def record_async(self, account: Account, request_id: str, outcome: Outcome) -> None:
        """Write how a request ended."""
        await self.ask_async("record", account, request_id, outcome)

    async def record_files_async(
        self, account: Account, request_id: str, saved: Sequence[tuple[str, str, Path | str]]
    ) -> Entry | None:
        """Write where files of a request were saved."""
        entry: Entry | None = await self.ask_async("record_files", account, request_id, saved)
        return entry

    def record(self, account: Account, request_id: str, outcome: Outcome) -> bool:
        """The same as ``record_async``, blocking."""
        there: bool = self.ask("record", account, request_id, outcome)
        return there

    def ask(self, method: str, *given: Any) -> Any:
        """Call the actor and wait, also while it restarts."""
        try:
            value, error = ray.get(getattr(self._actor, method).remote(*given))
        except RayError as lost:
            raise gone(lost) from None
        if error is not None:
            raise error
        return value

    async def ask_async(self, method: str, *given: Any) -> Any:
        """The same as ``ask``, awaited."""
        try:
            value, error = await getattr(self._actor, method).remote(*given)
        except RayError as lost:
            raise gone(lost) from None
        if error is not None:
            raise error
        return value

    def send(self, method: str, *given: Any) -> None:
        """Send to the actor without waiting. If the message is lost, the claim becomes unknown."""
        getattr(self._actor, method).remote(*given)

    @property
    def lease(self) -> list[Any]:
        """The reference, so that the actor gets it and not its value."""
        return [self._lease]


class RemoteClaim:
    """``Claim`` over Ray. If closed without an outcome, it is not sent or unknown."""

    def __init__(self, journal: RemoteJournal, wanted: Wanted) -> None:
        self._journal = journal
        self.wanted = wanted
        self._begun = self._over = self._sending = False

    async def take_async(self, ends: float | None = None) -> Entry | None:
        """``None`` when it is granted, else the entry that is there."""
        seconds = None if ends is None else max(0.0, ends - monotonic())
        self._begun = True
        there: Entry | None = await self._journal.ask_async(
            "claim", self.wanted, self._journal.lease, seconds
        )
        self._over = there is not None
        return there

    def sending(self) -> None:
        """Mark that the service may receive the request from now on."""
        self._sending = True

    async def submitted_async(self, request_id: str) -> Entry | None:
        """The service gave this id."""
        self._over = True
        try:
            entry: Entry | None = await self._journal.ask_async(
                "submitted", self.wanted.token, request_id
            )
        except JournalError as error:
            error.request_id = request_id
            raise
        return entry

    def submitted_soon(self, request_id: str) -> None:
        """The same as ``submitted_async``, without waiting."""
        self._over = True
        self._journal.send("submitted", self.wanted.token, request_id)

    def not_sent(self, reason: str) -> None:
        """It is proven that nothing was accepted."""
        self._end("not_sent", reason)

    def unknown(self, reason: str, request_id: str | None = None) -> None:
        """It may have been accepted."""
        self._end("unknown", reason, request_id)

    def close(self) -> None:
        """End it."""
        if self._sending:
            self.unknown("the call was interrupted before the service answered")
        else:
            self.not_sent("the call ended before it was submitted")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end(self, state: str, reason: str, request_id: str | None = None) -> None:
        if self._begun and not self._over:
            self._over = True
            self._journal.send("ended", self.wanted.token, state, reason, request_id)
