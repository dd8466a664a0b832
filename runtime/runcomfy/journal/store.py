"""``Store``: the journal's interface for clients and batches: claims, records and facts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from threading import Lock
from typing import Any, Literal, TypeVar
from weakref import finalize

from runcomfy.errors import JournalBusy, JournalClosed, RunComfyError

from . import forking, outcomes, queries, rows
from .budget import micros_of_estimate
from .claims import Claim
from .entry import Account, Entry
from .grants import Wanted, set_aside, standing
from .joint_writes import EndWrite
from .locks import RUNNER
from .opening import Options
from .outcomes import Outcome
from .repeats import Repeats
from .session import Session
from .waiting import one, wait, wait_async

__all__ = ["Prices", "Store"]

ReturnT = TypeVar("ReturnT")
_log = logging.getLogger("runcomfy")
#: What requests of a model cost, in US dollars: by model id, or of model id and payload.
Prices = Mapping[str, float] | Callable[[str, Mapping[str, Any]], float | None]
#: A write that needs the session it is made in.
_SessionWrite = Callable[[Session, Connection], ReturnT]


class Store:
    """An open journal. After a fork, the child opens it again for itself."""

    def __init__(self, options: Options, prices: Prices | None, reserve_in: Store | None) -> None:
        self._options = options
        self._prices = prices
        self._repeats = Repeats()
        self._reserve_in = reserve_in
        #: Held while it is opened or closed.
        self.lock = Lock()
        #: How many journals it reserves in, one behind the other.
        self.depth: int = 0 if reserve_in is None else reserve_in.depth + 1
        self._closed = False
        self._session: Session | None = None
        self._finalize: finalize[..., Any] | None = None
        forking.add_store(self)
        self._opened()

    @property
    def path(self) -> Path:
        """The database file."""
        return self._options.path

    @property
    def journal_id(self) -> str:
        """The id that the journal was made with."""
        return self._opened().journal_id

    def set_prices(self, prices: Prices | None) -> None:
        """What requests cost, from now on."""
        self._prices = prices

    def close(self) -> None:
        """Write pending changes and close. Submits in flight are still recorded."""
        with self.lock:
            self._closed = True
            session, close = self._session, self._finalize
            self._session = self._finalize = None
        if session is not None and close is not None:
            session.commits.flush()
            close()

    def claiming(self, wanted: Wanted) -> Claim:
        """A claim to take, for use in a ``with`` statement by the execution that posts."""
        return Claim(self._opened(), self._repeats.counted(wanted))

    def repeat_once(self, key: str, attempts: int) -> None:
        """Repeat the request under this key only while it was claimed so many times: whoever else repeats it, it is paid once."""
        self._repeats.once(key, attempts)

    def refuse_claims(self, refusal: Callable[[], RunComfyError] | None) -> None:
        """Grant no further claim: each raises what ``refusal`` makes. ``None`` grants claims again.

        What was granted is still recorded, as far as that works.
        """
        self._opened().refusal = refusal

    def estimate(self, model_id: str, payload: Mapping[str, Any]) -> int | None:
        """The estimated cost of a request in micro-dollars; ``None`` if its price is unknown."""
        prices = self._prices
        if prices is None:
            return None
        price = prices.get(model_id) if isinstance(prices, Mapping) else prices(model_id, payload)
        return micros_of_estimate(price, f"the price of {model_id}")

    def find(self, account: Account, key: str) -> Entry | None:
        """The entry of an account under a key."""
        session = self._read_from()
        with session.database.reading() as connection:
            row = rows.by_key(connection, account, key, session.root)
        if row is None:
            return None
        if row.entry.state == "posting" and not session.is_alive(row.entry.token):
            session.sweep().result()
            return self.find(account, key)
        return row.entry

    def standing(self, wanted: Wanted) -> Entry | None:
        """The entry that would prevent a claim. Raises ``KeyConflict`` as the claim would."""
        entry = self.find(wanted.account, wanted.key)
        return None if entry is None else standing(entry, self._repeats.counted(wanted))

    def same_payload(self, account: Account, model_id: str, digest: str) -> list[Entry]:
        """The entries of an equal payload that are posting, running or unknown."""
        self._settle_dead()
        session = self._opened()
        with session.database.reading() as connection:
            return queries.same_payload(connection, account, model_id, digest, session.root)

    def set_aside(self, wanted: Wanted, state: Literal["invalid", "skipped"], reason: str) -> Entry:
        """Record that a request is not sent, and why. Raises ``KeyConflict`` if it was sent."""
        return self._write(lambda session, to: set_aside(session, to, wanted, state, reason))

    def record(self, account: Account, request_id: str, outcome: Outcome) -> bool:
        """Record how a request ended. Returns whether the journal has it."""
        return wait(one(self._record(account, request_id, outcome))) is not None

    async def record_async(self, account: Account, request_id: str, outcome: Outcome) -> None:
        """The same as ``record``, without waiting for the disk: what a crash takes is found again by the request's id.

        A write that fails later is logged.
        """
        written = self._record(account, request_id, outcome, awaited=False)
        written.add_done_callback(partial(_log_failed_write, request_id))

    def record_files(
        self, account: Account, request_id: str, saved: Sequence[tuple[str, str, Path | str]]
    ) -> Entry | None:
        """Record where files of a request were saved, as URL, kind and path."""
        return self._write(_record_files(account, request_id, saved))

    async def record_files_async(
        self, account: Account, request_id: str, saved: Sequence[tuple[str, str, Path | str]]
    ) -> Entry | None:
        """The same as ``record_files``, on asyncio and trio."""
        return await self._write_async(_record_files(account, request_id, saved))

    def require_account(self, account: Account) -> None:
        """Raise ``JournalRefused`` where the journal is for one account, and was begun with another."""
        session = self._opened()
        with session.database.reading() as connection:
            session.check_account(rows.fact(connection, "account"), account)

    async def submitted_async(self, token: str, request_id: str) -> Entry | None:
        """Write the id that the service gave for a claim, on asyncio and trio, where the process that took the claim is gone."""
        return await self._write_async(
            lambda session, to: outcomes.submitted(session, to, token, request_id)
        )

    def fact(self, name: str) -> str | None:
        """A stored string, such as the columns of a batch."""
        with self._opened().database.reading() as connection:
            return rows.fact(connection, f"face:{name}")

    def set_fact(self, name: str, value: str | None) -> None:
        """Keep a text, or remove it."""
        self._write(lambda _, to: rows.set_fact(to, f"face:{name}", value))

    @contextmanager
    def runner(self) -> Iterator[None]:
        """Become the only runner of the batch in this folder. Raises ``JournalBusy`` if there is another."""
        locks = self._opened().locks
        if not locks.hold(RUNNER):
            raise JournalBusy(
                f"another process is running the batch in {self.path.parent}; wait for it, or stop it"
            )
        try:
            yield
        finally:
            locks.release(RUNNER)

    @property
    def has_runner(self) -> bool:
        """Whether a process is running the batch in this folder."""
        return self._opened().locks.is_held(RUNNER)

    def _pinned(self) -> Options:
        """The options that open this journal and no other."""
        same = self.journal_id
        return replace(self._options, journal_id=same, accept_restored=False, whole_folder=False)

    def forget(self) -> None:
        """Drop everything inherited from the parent process."""
        self.lock = Lock()
        self._session = None
        if self._finalize is not None:
            self._finalize.detach()
            self._finalize = None

    def _opened(self) -> Session:
        """The journal as this process has it open."""
        with self.lock:
            if self._closed:
                raise JournalClosed(f"{self.path} is closed; nothing was sent")
            if self._session is None:
                linked = None if self._reserve_in is None else self._reserve_in._opened
                session = Session(self._options, linked)
                try:
                    session.sweep().result()
                    session.reconcile()
                except BaseException:
                    session.release()
                    raise
                self._session = session
                self._finalize = finalize(self, session.release)
            return self._session

    def _read_from(self) -> Session:
        """The journal, after all pending writes of this process."""
        session = self._opened()
        session.commits.flush()
        return session

    def _settle_dead(self) -> None:
        """Mark entries whose submitting process died as unknown, if there are any."""
        session = self._read_from()
        with session.database.reading() as connection:
            tokens = connection.execute(
                "SELECT token FROM entries WHERE state = 'posting'"
            ).fetchall()
        if not all(session.is_alive(token) for (token,) in tokens):
            session.sweep().result()

    def _record(
        self, account: Account, request_id: str, outcome: Outcome, *, awaited: bool = True
    ) -> Future[str | None]:
        session = self._opened()
        write = EndWrite(session, account.origin, request_id, outcome)
        return session.submit(write, awaited=awaited)

    def _submit(self, write: _SessionWrite[ReturnT]) -> Future[ReturnT]:
        session = self._opened()
        return session.submit(lambda connection: write(session, connection))

    def _write(self, write: _SessionWrite[ReturnT]) -> ReturnT:
        return wait(one(self._submit(write)))

    async def _write_async(self, write: _SessionWrite[ReturnT]) -> ReturnT:
        return await wait_async(one(self._submit(write)))


def _log_failed_write(request_id: str, written: Future[str | None]) -> None:
    error = written.exception()
    if error is not None:
        _log.warning("request %s could not be recorded: %s", request_id, error)


def _record_files(
    account: Account, request_id: str, saved: Sequence[tuple[str, str, Path | str]]
) -> _SessionWrite[Entry | None]:
    return lambda session, to: outcomes.record_files(session, to, account.origin, request_id, saved)
