"""``Session``: a journal opened by one process."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from threading import Lock
from typing import Any, TypeVar

from runcomfy.errors import JournalError, JournalRefused, RunComfyError

from . import forking, rows
from .budget import Budget
from .entry import Account, Entry
from .grouped_commits import GroupedCommits, Write
from .locks import byte_of
from .opening import Options, open_files
from .submit_slots import SubmitSlots

__all__ = ["Session"]

ReturnT = TypeVar("ReturnT")
_log = logging.getLogger("runcomfy")

#: The latest time of a datetime, in seconds since 1970.
_LATEST = 253_402_300_799.0
_FACTS = (
    "SELECT name, value FROM facts "
    "WHERE name IN ('max_cost', 'max_cost_per_day', 'price_margin', 'account')"
)


class Session:
    """A journal that is open in this process. Its charges are copied to ``linked``."""

    def __init__(self, options: Options, linked: Callable[[], Session] | None) -> None:
        self.options = options
        self.root = options.path.parent
        self.process = os.getpid()
        self.submit_slots = SubmitSlots(options.submits)
        self._linked = linked
        self.locks, self.database, self.generation, self.journal_id = open_files(options)
        self.commits = GroupedCommits(self.database, self.generation, self.journal_id)
        #: What the transaction of this number has read of limits and account.
        self._facts: tuple[int, dict[str, str]] = (0, {})
        #: The claims whose submits are under way. Each soon has something to write.
        self.posting: set[object] = set()
        #: Why no further claim is granted.
        self.refusal: Callable[[], RunComfyError] | None = None
        #: Who needs it open: the journal, and each claim until it is over.
        self._users: set[object] = {None}
        self._lock = Lock()
        forking.SESSIONS[id(self)] = self

    @property
    def linked(self) -> Session | None:
        """The journal that the charges are copied to."""
        return None if self._linked is None else self._linked()

    def retain(self, user: object) -> None:
        """Keep the session open until a claim ends, so that its outcome is written."""
        with self._lock:
            self._users.add(user)

    def release(self, user: object = None) -> None:
        """Write pending changes and close after the last user. Does nothing in another process."""
        if os.getpid() != self.process:
            return
        with self._lock:
            if user not in self._users:
                return
            self._users.discard(user)
            if self._users:
                return
        self.commits.close(self._end)

    def _end(self) -> None:
        self.database.close()
        self.generation.close()
        self.locks.close()
        forking.SESSIONS.pop(id(self), None)

    def now(self) -> float:
        """Seconds since 1970, by the clock of the journal."""
        return self.options.clock()

    def day(self) -> str:
        """Today in UTC, as ``2026-01-31``."""
        moment = min(max(self.now(), 0.0), _LATEST)
        return datetime.fromtimestamp(moment, UTC).date().isoformat()

    def budget(self, connection: sqlite3.Connection) -> Budget:
        """The effective limits: those of this process and those stored for all."""
        stored = self._stored(connection)
        if stored.keys() <= {"account"}:
            return self.options.budget
        total, day = stored.get("max_cost"), stored.get("max_cost_per_day")
        return self.options.budget.stricter(
            Budget(
                None if total is None else int(total),
                None if day is None else int(day),
                float(stored.get("price_margin", 1.0)),
            )
        )

    def _stored(self, connection: sqlite3.Connection) -> dict[str, str]:
        """What the journal says of limits and account, read once in each transaction of this process."""
        number, stored = self._facts
        if number != self.commits.transactions:
            stored = dict(connection.execute(_FACTS).fetchall())
            self._facts = self.commits.transactions, stored
        return stored

    def forget_facts(self) -> None:
        """Read limits and account again: this transaction has changed them."""
        self._facts = 0, {}

    def is_alive(self, token: str) -> bool:
        """Whether a running process holds the claim."""
        return self.locks.is_held(byte_of(token))

    def require_account(self, connection: sqlite3.Connection, account: Account) -> None:
        """Raise where the journal is for one account, and this is another; the first one is recorded."""
        if self.options.one_account:
            known = self._stored(connection).get("account")
            if not self.check_account(known, account):
                rows.set_fact(connection, "account", f"{account.origin} {account.fingerprint}")
                self.forget_facts()

    def check_account(self, known: str | None, account: Account) -> bool:
        """Whether ``known`` is this account, not yet none. Raises ``JournalRefused`` if it is another."""
        if known is None or not self.options.one_account:
            return False
        origin, _, fingerprint = known.partition(" ")
        if origin != account.origin:
            raise JournalRefused(
                f"{self.options.path} is of {origin}, and this client talks to {account.origin}; nothing was sent. Use the "
                "service that it was begun with, or another folder"
            )
        if fingerprint != account.fingerprint:
            raise JournalRefused(
                f"{self.options.path} belongs to the {Account(origin, fingerprint)}, but the current token belongs "
                f"to the {account}; nothing was sent. Use the original token; if it is the same account "
                "with a new token, run journal.adopt(client.account)"
            )
        return True

    def submit(
        self,
        write: Write[ReturnT],
        token: str | None = None,
        after: Callable[[], object] | None = None,
        *,
        awaited: bool = True,
    ) -> Future[ReturnT]:
        """Submit a write that changes a charge, then call ``after`` in any case.

        The charge is that of the claim with this token, or of the entry or the token that the write returns.
        ``awaited`` says whether anybody waits for it.
        """

        def ended(value: Any, why: BaseException | None) -> None:
            about = token or (value.token if isinstance(value, Entry) else value)
            try:
                if why is None and isinstance(about, str):
                    self.repeat(about)
            finally:
                if after is not None:
                    after()

        return self.commits.submit(write, ended, at_once=awaited and not self.posting)

    def repeat(self, token: str) -> None:
        """Copy a charge to the linked journal; if the process dies first, the next one does it."""
        try:
            linked = self.linked
            if linked is None:
                return
            with self.database.reading() as connection:
                found = _charge_of(connection, token)
            linked.commits.submit(
                lambda to: _write_charge(to, self.journal_id, token, found), at_once=False
            )
        except JournalError as error:
            _log.warning("a charge is not yet copied to the other journal: %s", error)

    def sweep(self) -> Future[int]:
        """Mark entries whose submitting process died as unknown. Returns their number."""
        return self.commits.submit(self._sweep)

    def _sweep(self, connection: sqlite3.Connection) -> int:
        found = connection.execute(
            "SELECT id, token FROM entries WHERE state = 'posting'"
        ).fetchall()
        dead = [number for number, token in found if not self.is_alive(token)]
        for number in dead:
            connection.execute("UPDATE entries SET state = 'unknown' WHERE id = ?", (number,))
        return len(dead)

    def reconcile(self) -> None:
        """Reconcile the charges in the linked journal after a possible kill."""
        linked = self.linked
        if linked is None:
            return
        query = "SELECT token FROM charges WHERE source = ? AND reserved > 0"
        with linked.database.reading() as connection:
            open_ones = [token for (token,) in connection.execute(query, (self.journal_id,))]
        if not open_ones:
            return
        with self.database.reading() as connection:
            found = {token: _charge_of(connection, token) for token in open_ones}
        gone = {token: one for token, one in found.items() if one or not self.is_alive(token)}

        def write(connection: sqlite3.Connection) -> None:
            for token, one in gone.items():
                _write_charge(connection, self.journal_id, token, one)

        linked.commits.submit(write).result()


Charge = tuple[str, str, int, int, int]


def _charge_of(connection: sqlite3.Connection, token: str) -> Charge | None:
    query = "SELECT model_id, day, reserved, settled, spent FROM charges WHERE source = '' AND token = ?"
    found: Charge | None = connection.execute(query, (token,)).fetchone()
    return found


def _write_charge(
    connection: sqlite3.Connection, source: str, token: str, found: Charge | None
) -> None:
    if found is None:
        connection.execute("DELETE FROM charges WHERE source = ? AND token = ?", (source, token))
    else:
        model_id, day, *amounts = found
        rows.charge(connection, source, token, model_id, day, (amounts[0], amounts[1], amounts[2]))
