"""``Claim``: the right to submit under a key, synced to disk before the POST."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self

from runcomfy.errors import JournalError

from . import outcomes, rows
from .budget import Budget
from .entry import Entry
from .grants import Wanted
from .joint_writes import ClaimWrite, IdWrite
from .locks import byte_of
from .session import Session
from .waiting import Steps, wait, wait_async

__all__ = ["Claim"]


class Claim:
    """The right to submit under a key, once ``take`` has granted it.

    Its holder records the outcome: ``submitted``, ``not_sent`` or ``unknown``. If the claim is closed without
    one, nothing was sent, or, after ``sending``, the outcome is unknown.

    >>> with journal.claiming(wanted) as claim:
    ...     there = claim.take()
    ...     if there is None:
    ...         claim.sending()
    ...         claim.submitted(post())
    """

    def __init__(self, session: Session, wanted: Wanted) -> None:
        self._session = session
        self.wanted = wanted
        self._process = os.getpid()
        #: Its slot among the concurrent submits. It has the slot, and the lock that shows that it is alive, until it ends.
        self._slot: Future[None] = Future()
        self._begun = self._locked = self._granted = self._over = False
        self._sending = False

    def take(self, ends: float | None = None) -> Entry | None:
        """Claim the key. Returns ``None`` if granted, else the existing entry.

        It may be granted from the moment it is on the disk. Raises ``KeyConflict``, ``BudgetReached``,
        ``JournalError``, and ``DeadlineExceeded`` at ``ends``, on the monotonic clock.
        """
        return wait(self._take(), ends)

    async def take_async(self, ends: float | None = None) -> Entry | None:
        """The same as ``take``, on asyncio and trio."""
        return await wait_async(self._take(), ends)

    def sending(self) -> None:
        """Mark that the service may receive the request from now on."""
        self._sending = True

    def submitted(self, request_id: str) -> Entry | None:
        """Record the request id from the service. Returns ``None``, or the entry where it is unknown now: another one has that id."""
        return wait(self._submitted(request_id))

    async def submitted_async(self, request_id: str) -> Entry | None:
        """The same as ``submitted``, on asyncio and trio."""
        return await wait_async(self._submitted(request_id))

    def submitted_soon(self, request_id: str) -> None:
        """``submitted`` without waiting, for an interrupted caller."""
        token = self.wanted.token

        def write(session: Session, to: sqlite3.Connection) -> None:
            outcomes.submitted(session, to, token, request_id)

        self._end(write)

    def not_sent(self, reason: str) -> None:
        """Record that nothing was accepted: frees the reservation, and the key can be claimed again."""
        self._end(lambda session, to: outcomes.not_sent(session, to, self.wanted.token, reason))

    def unknown(self, reason: str, request_id: str | None = None) -> None:
        """Record that the submit may have been accepted, possibly as ``request_id``."""
        token = self.wanted.token
        self._end(lambda session, to: outcomes.unknown(session, to, token, reason, request_id))

    def close(self) -> None:
        """End the claim. Does nothing in a child of the process that created it."""
        if not self._begun or self._over or os.getpid() != self._process:
            return
        if not self._granted:
            self._free()
        elif self._sending:
            self.unknown("the call was interrupted before the service answered")
        else:
            self.not_sent("the call ended before it was submitted")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Claim({self.wanted.key!r}, {self.wanted.model_id!r})"

    def _take(self) -> Steps[Entry | None]:
        self._require_process()
        if self._begun and self._granted and not self._over:
            return None
        if self._begun:
            raise JournalError(f"the claim of {self.wanted.key!r} has ended; create another one")
        session, wanted = self._session, self.wanted
        self._begun = True
        session.retain(self._slot)
        session.submit_slots.enter(self._slot)
        yield self._slot
        if session.refusal:
            raise session.refusal()
        self._locked = session.locks.hold(byte_of(wanted.token))
        if not self._locked:
            raise JournalError(f"the claim of {wanted.key!r} is already held; enter it only once")
        # From here on closing it undoes what was written, whether it came to be or not.
        self._granted = True
        yield from self._reserve()
        there: Entry | None = yield session.commits.submit(
            ClaimWrite(session, wanted), at_once=not session.posting
        )
        if there is None:
            session.posting.add(self._slot)
        else:
            session.repeat(wanted.token)
            self._free()
        return there

    def _reserve(self) -> Steps[None]:
        """Reserve in the linked journal first, which checks its own budget."""
        session, wanted = self._session, self.wanted
        linked = session.linked
        if linked is None:
            return
        mine, source, day = session.options.budget, session.journal_id, session.day()

        def write(connection: sqlite3.Connection) -> None:
            budget = linked.budget(connection).stricter(Budget(margin=mine.margin))
            budget.check(connection, linked.day(), wanted.estimate, wanted.model_id)
            amounts = (budget.reserve(wanted.estimate), 0, 0)
            rows.charge(connection, source, wanted.token, wanted.model_id, day, amounts)

        yield linked.commits.submit(write, at_once=not session.posting)

    def _submitted(self, request_id: str) -> Steps[Entry | None]:
        self._require_process()
        session = self._session
        token = self.wanted.token
        session.posting.discard(self._slot)
        try:
            written = session.commits.submit(
                IdWrite(session, token, request_id),
                lambda *_: self._free(),
                at_once=not session.posting and not session.submit_slots.is_wanted,
            )
            # The next claim is written together with this one's end, or later: never more are posting on the disk.
            session.submit_slots.leave(self._slot)
            entry: Entry | None = yield written
        except JournalError as error:
            error.request_id = request_id
            error.add_note(
                f"RunComfy request id {request_id}: it was accepted and continues at the service, but could "
                f"not be recorded under the key {self.wanted.key!r}"
            )
            raise
        return entry

    def _end(self, write: Callable[[Session, sqlite3.Connection], None]) -> None:
        """Write the outcome without waiting: if the write is lost, the claim becomes unknown."""
        self._require_process()
        if not self._begun or self._over:
            return
        session = self._session
        session.posting.discard(self._slot)
        try:
            session.submit(lambda to: write(session, to), self.wanted.token, self._free)
        except JournalError:  # it is closed
            self._free()

    def _free(self) -> None:
        """Release the posting slot and the lock."""
        self._session.posting.discard(self._slot)
        if self._locked:
            self._session.locks.release(byte_of(self.wanted.token))
        self._session.submit_slots.leave(self._slot)
        self._session.release(self._slot)
        self._over = True

    def _require_process(self) -> None:
        if os.getpid() != self._process:
            raise JournalError(
                "a claim belongs to the process that created it, not to its child processes"
            )
