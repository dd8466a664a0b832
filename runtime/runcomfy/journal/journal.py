"""``Journal``: the record of paid requests, in a file that processes share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import Any, Literal, Self

from runcomfy.arguments import whole_path
from runcomfy.errors import ConfigurationError, JournalBusy, JournalError

from . import outcomes, queries, recovery, rows
from .budget import Budget
from .entry import Account, Entry, Limits, Spend
from .opening import Options
from .recovery import AsyncRecoveryClient, Recovery, RecoveryClient
from .session import Session
from .states import STATES, State
from .store import Prices, Store

__all__ = ["Journal", "default_path"]

#: Seconds for which a request is followed in a recovery, and how many at once.
_RECOVER_TIMEOUT = 3600.0
_RECOVER_AT_ONCE = 8


def default_path() -> Path:
    """The journal of this user: ``$XDG_STATE_HOME/runcomfy/journal.db``, else in ``~/.local/state``."""
    home = os.environ.get("XDG_STATE_HOME", "")
    if not Path(home).is_absolute():  # as the specification of these folders wants it
        try:
            home = str(Path.home() / ".local" / "state")
        except RuntimeError:
            raise ConfigurationError(
                "there is no home folder for the journal; set XDG_STATE_HOME, or pass a path"
            ) from None
    return Path(home, "runcomfy", "journal.db")


class Journal(Store):
    """A record of every submit, written before it is sent. Thread-safe; any number of processes share a file.

    ``path`` defaults to the user's journal. ``max_cost`` and ``max_cost_per_day`` (in UTC days) are budgets in
    US dollars over all entries. Budgets need ``prices``, the estimated cost of a request per model;
    ``price_margin`` is a factor on the estimates. At most ``submits`` submits run at once in this process.

    With ``reserve_in``, charges are also recorded in another journal, whose budgets apply as well.
    ``whole_folder`` refuses a folder with other files and no journal, and ``one_account`` a token of another
    account. ``accept_restored`` accepts an older or different copy of the journal.

    Raises ``JournalRefused``, ``JournalRestored``, ``JournalUnwritable`` and ``JournalBusy``.

    >>> with Journal(max_cost_per_day=5, prices={"acme/cat": 0.04}) as journal:
    ...     with Client(journal=journal) as client:
    ...         client.run(request, key="hat-1")
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        max_cost: float | None = None,
        max_cost_per_day: float | None = None,
        prices: Prices | None = None,
        price_margin: float = 1.0,
        submits: int = 4,
        reserve_in: Journal | None = None,
        whole_folder: bool = False,
        one_account: bool = False,
        accept_restored: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if isinstance(submits, bool) or not isinstance(submits, int) or submits < 1:
            raise ConfigurationError(f"submits must be at least 1, got {submits!r:.80}")
        options = Options(
            path=whole_path("journal", default_path() if path is None else path),
            budget=Budget.of(max_cost, max_cost_per_day, price_margin),
            submits=submits,
            clock=clock,
            accept_restored=accept_restored,
            whole_folder=whole_folder,
            one_account=one_account,
        )
        super().__init__(options, prices, reserve_in)

    def entries(
        self,
        *,
        state: State | Sequence[State] | None = None,
        model: str | None = None,
        since: datetime | date | None = None,
        text: str | None = None,
        account: Account | None = None,
    ) -> Iterator[Entry]:
        """The matching entries, oldest first, read lazily.

        ``since`` is their earliest creation time, in UTC if it has no time zone; ``text`` is searched for in
        keys, payloads, request ids and errors.

        >>> [entry.key for entry in journal.entries(state="unknown")]
        ['hat-1']
        """
        begin = None if since is None else _seconds(since)
        return self._entries(queries.Query(_states(state), model, begin, text, account))

    def latest(self, count: int, *, text: str | None = None) -> list[Entry]:
        """The last ``count`` entries, newest first, those with a text as ``entries`` finds them.

        >>> [entry.key for entry in journal.latest(20)]
        ['hat-2', 'hat-1']
        """
        self._settle_dead()
        session = self._opened()
        with session.database.reading() as connection:
            found = queries.latest(connection, queries.Query(text=text), count, session.root)
        return [row.entry for row in found]

    def entry(self, key: str, *, account: Account | None = None) -> Entry | None:
        """The entry under a key, or ``None``.

        Raises ``JournalError`` if several accounts have the key and none is given.
        """
        return self._found(key, account)

    def spend(self, by: Literal["model", "day"] = "model") -> dict[str, Spend]:
        """Spent and reserved amounts in US dollars, by model id or UTC day.

        >>> journal.spend(by="day")["2026-01-31"].settled
        1.24
        """
        if by not in ("model", "day"):
            raise ConfigurationError(f"by must be 'model' or 'day', got {by!r:.80}")
        with self._read_from().database.reading() as connection:
            return queries.spend(connection, "model_id" if by == "model" else "day")

    def resolve(
        self,
        key: str,
        *,
        request_id: str | None = None,
        not_sent: bool = False,
        client: RecoveryClient | None = None,
        account: Account | None = None,
    ) -> Entry:
        """Settle an entry whose outcome is unknown: pass its request id, or ``not_sent=True``.

        With a request id, ``client`` checks that the request belongs to the entry's model. Raises
        ``JournalBusy`` while the submitting process is alive, and ``ConfigurationError``.

        >>> journal.resolve("hat-1", request_id="8f14e45f", client=client).state
        'submitted'
        """
        entry = self._unknown(key, account, request_id, not_sent, client)
        if request_id is not None and client is not None:
            recovery.run_asks(recovery.check_model(client, request_id, entry.model_id))
        return self._write(lambda session, to: _resolved(session, to, entry, request_id))

    async def resolve_async(
        self,
        key: str,
        *,
        request_id: str | None = None,
        not_sent: bool = False,
        client: AsyncRecoveryClient | None = None,
        account: Account | None = None,
    ) -> Entry:
        """The same as ``resolve``, with an asynchronous client."""
        entry = self._unknown(key, account, request_id, not_sent, client)
        if request_id is not None and client is not None:
            await recovery.run_asks_async(recovery.check_model(client, request_id, entry.model_id))
        return await self._write_async(
            lambda session, to: _resolved(session, to, entry, request_id)
        )

    def recover(
        self,
        client: RecoveryClient,
        *,
        folder: str | os.PathLike[str] | None = None,
        timeout: float | None = _RECOVER_TIMEOUT,
        concurrency: int = _RECOVER_AT_ONCE,
    ) -> Recovery:
        """Wait for all unfinished requests, and save all unsaved files. Submits nothing.

        Files are saved into the folder of their entry, else into ``folder``; without either they are not
        saved. ``timeout`` is in seconds per request. Unknown entries are listed and left unchanged.

        >>> journal.recover(client, folder="out").unknown
        []
        """
        place = None if folder is None else Path(folder)
        entries = self._to_recover(client.account, place)
        writing = client.with_journal(self)
        found = recovery.recover_all(writing, self, entries, place, timeout, concurrency)
        found.unknown = list(self.entries(state="unknown", account=client.account))
        return found

    async def recover_async(
        self,
        client: AsyncRecoveryClient,
        *,
        folder: str | os.PathLike[str] | None = None,
        timeout: float | None = _RECOVER_TIMEOUT,
        concurrency: int = _RECOVER_AT_ONCE,
    ) -> Recovery:
        """The same as ``recover``, with an asynchronous client."""
        place = None if folder is None else Path(folder)
        entries = self._to_recover(client.account, place)
        writing = client.with_journal(self)
        found = await recovery.recover_all_async(
            writing, self, entries, place, timeout, concurrency
        )
        found.unknown = list(self.entries(state="unknown", account=client.account))
        return found

    def backup(self, path: str | os.PathLike[str]) -> Path:
        """Write a complete copy to a new file; other processes can continue meanwhile.

        To use it in the place of a lost journal, put it there and open it with ``accept_restored``.
        """
        target = whole_path("path", path)
        self._opened().database.copy_to(target)
        return target

    def purge(self, *, before: datetime | date) -> int:
        """Remove payloads, outputs, errors and file names of entries that ended earlier; returns their number.

        Keys, digests, request ids, times and costs stay, and so do the saved files themselves.
        """
        moment = _seconds(before)
        count = self._write(lambda _, to: queries.purge(to, moment))
        with self._opened().database.writing() as connection:
            queries.write_anew(connection)
        return count

    def limits(self) -> Limits:
        """The budgets that hold: those of this object and those stored for all, the stricter of each."""
        session = self._read_from()
        with session.database.reading() as connection:
            return session.budget(connection).limits()

    def set_limits(
        self,
        *,
        max_cost: float | None = None,
        max_cost_per_day: float | None = None,
        price_margin: float = 1.0,
    ) -> None:
        """Replace the budgets stored in the journal, for every process that uses it.

        If a ``Journal`` was created with limits too, the stricter ones apply.
        """
        budget = Budget.of(max_cost, max_cost_per_day, price_margin)
        self._write(lambda session, to: _set_limits(session, to, budget))

    def opener(self) -> Callable[[], Journal]:
        """A picklable function that opens this journal in another process of this machine, with the same limits.

        It never creates a journal: if this one is gone, it raises ``JournalRefused``.
        """
        reserve = self._reserve_in
        return partial(
            _opened_again, self._pinned(), None if reserve is None else reserve._pinned()
        )

    def adopt(self, account: Account) -> int:
        """Assign all entries of the account's origin to this account, after its token was renewed.

        Returns the number of changed entries. Raises ``KeyConflict`` if both accounts have the same key.
        """
        return self._write(lambda session, to: _adopt(session, to, account))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Journal({str(self.path)!r})"

    def _found(self, key: str, account: Account | None) -> Entry | None:
        """The entry under a key, of the given account or the only one that has the key."""
        found = list(self._entries(queries.Query(key=key, account=account)))
        if len(found) > 1:
            told = ", ".join(str(entry.account) for entry in found)
            raise JournalError(f"several accounts have the key {key!r:.80}: {told}; pass account=")
        return found[0] if found else None

    def _entries(self, query: queries.Query) -> Iterator[Entry]:
        self._settle_dead()
        after = 0
        while True:
            session = self._opened()
            with session.database.reading() as connection:
                found = queries.page(connection, query, after, session.root)
            if not found:
                return
            for row in found:
                yield row.entry
            after = found[-1].number

    def _unknown(
        self,
        key: str,
        account: Account | None,
        request_id: str | None,
        not_sent: bool,
        client: object,
    ) -> Entry:
        """The entry to resolve, if that is allowed."""
        if (request_id is None) != not_sent:
            raise ConfigurationError("resolve takes either request_id=… or not_sent=True")
        if request_id is not None and client is None:
            raise ConfigurationError(
                "resolve with a request_id needs client=…, to check that the request belongs to the model"
            )
        entry = self._found(key, account)
        if entry is None:
            raise ConfigurationError(f"{self.path} has no entry {key!r:.80}")
        if entry.state == "posting":
            raise JournalBusy(
                f"{key!r:.80} is being submitted by a running process; wait for it, or stop it"
            )
        if entry.state != "unknown":
            raise ConfigurationError(
                f"{key!r:.80} is {entry.state}; only unknown entries can be resolved"
            )
        return entry

    def _to_recover(self, account: Account, folder: Path | None) -> list[Entry]:
        """The unfinished entries, and the unsaved ones that have a folder."""
        found = self.entries(state=("submitted", "succeeded"), account=account)
        return [
            entry
            for entry in found
            if entry.state == "submitted"
            or (not entry.saved and (entry.folder is not None or folder is not None))
        ]


def _opened_again(options: Options, reserve: Options | None) -> Journal:
    journal = Journal.__new__(Journal)
    Store.__init__(
        journal, options, None, None if reserve is None else _opened_again(reserve, None)
    )
    return journal


def _resolved(
    session: Session, connection: Connection, entry: Entry, request_id: str | None
) -> Entry:
    """Settle the entry, unless it has changed since it was read."""
    row = rows.by_token(connection, entry.token, session.root)
    if row is None or row.entry.state != "unknown" or session.is_alive(entry.token):
        raise JournalBusy(f"{entry.key!r:.80} has changed in the meantime; check it again")
    origin = entry.account.origin
    if request_id is not None:
        other = rows.by_request_id(connection, origin, request_id, session.root)
        if other is not None:
            raise ConfigurationError(
                f"the request {request_id} belongs to the key {other.entry.key!r:.80}; nothing was changed"
            )
    return outcomes.settle_unknown(session, connection, row, request_id)


def _set_limits(session: Session, connection: Connection, budget: Budget) -> None:
    queries.set_limits(connection, budget)
    session.forget_facts()


def _adopt(session: Session, connection: Connection, account: Account) -> int:
    changed = queries.adopt(connection, account)
    session.forget_facts()
    return changed


def _states(state: State | Sequence[State] | None) -> tuple[State, ...] | None:
    if state is None:
        return None
    states: tuple[Any, ...] = (state,) if isinstance(state, str) else tuple(state)
    for one in states:
        if one not in STATES:
            raise ConfigurationError(
                f"unknown state {one!r:.80}; the states are {', '.join(sorted(STATES))}"
            )
    return states


def _seconds(moment: datetime | date) -> float:
    """Seconds since 1970; a date, and a time without a zone, are in UTC."""
    if not isinstance(moment, date):
        raise ConfigurationError(f"a time must be a date or a datetime, got {moment!r:.80}")
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
