"""``GroupedCommits``: one writer thread; all waiting writes share a transaction and a sync."""

from __future__ import annotations

import concurrent.futures
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread, current_thread
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from runcomfy.errors import JournalClosed, JournalError, JournalRestored

from .database import Database
from .generation_number import Generation, Mark
from .waiting import waking_together

__all__ = ["After", "GroupedCommits", "JointWrite", "Write"]

ReturnT = TypeVar("ReturnT")
_log = logging.getLogger("runcomfy")
#: A function that reads and writes rows, and does nothing else, since it may run again. If it raises, its own changes are
#: rolled back, not those of its group.
Write = Callable[[sqlite3.Connection], ReturnT]

#: Called on the thread that writes, with the value of a write or the error that it raised, before its future is done.
After = Callable[[Any, BaseException | None], object]
_Outcome: TypeAlias = tuple[Any, BaseException | None]

#: The largest number of writes in one transaction; with more, the first ones would wait too long.
_MOST = 500
#: Seconds in which a group gathers if further writes are expected. A transaction costs as much as ten writes in it.
_GATHERED = 0.005
#: Error codes of a failed sync: written data may be lost, even if later syncs succeed.
_UNSYNCED = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})


class _HalfDone(Exception):
    """A write of a group failed after it changed something: all is undone, and each write runs again by itself."""


class JointWrite:
    """A write that may be done together with others of its class, whatever their order."""

    __slots__ = ()
    #: The place of the class among the joint writes that follow one another: ids come before ends, and ends before claims.
    order: ClassVar[int]

    def __call__(self, connection: sqlite3.Connection) -> Any:
        """Do it alone."""
        raise NotImplementedError

    @classmethod
    def together(cls, connection: sqlite3.Connection, writes: Sequence[Any]) -> Mapping[int, Any]:
        """Do those that are plain, in few statements: their values, by number. The others are done alone afterwards.

        If it raises, all is undone, and each write of the group is done in a transaction of its own.
        """
        raise NotImplementedError


@dataclass(slots=True)
class _Waiting(Generic[ReturnT]):
    write: Write[ReturnT]
    future: Future[ReturnT]
    after: After | None


class GroupedCommits:
    """Writes to one database. A write is on disk once its future is done."""

    def __init__(self, database: Database, generation: Generation, journal_id: str) -> None:
        self._database = database
        self._generation = generation
        self._journal_id = journal_id
        self._waiting: list[_Waiting[Any]] = []
        self._last: Future[Any] | None = None
        #: Notified of the first write that waits, and when the group is to be written at once.
        self._changed = Condition()
        self._at_once = False
        self._thread: Thread | None = None
        self._closed = False
        self._then: Callable[[], None] = lambda: None
        self._broken: JournalError | None = None
        #: The generation after the last group.
        self._count = 0
        #: How many transactions were begun. In one, nobody else can change the database.
        self.transactions = 0

    def submit(
        self, write: Write[ReturnT], after: After | None = None, *, at_once: bool = True
    ) -> Future[ReturnT]:
        """Add the write to the next group. Its future fails with ``JournalError`` or the write's own exception.

        The group is written at once, or a few milliseconds later if no write in it asks for more.
        """
        future: Future[ReturnT] = Future()
        waiting = _Waiting(write, future, after)
        with self._changed:
            if self._closed:
                raise JournalClosed("the journal is closed; nothing was sent")
            if self._thread is None:
                self._thread = Thread(target=self._work, name="runcomfy-journal", daemon=True)
                self._thread.start()
            self._waiting.append(waiting)
            self._last = future
            if at_once or len(self._waiting) in (1, _MOST):
                self._notify(at_once=at_once)
        return future

    def flush(self) -> None:
        """Wait until everything is written that was submitted before."""
        with self._changed:
            last = self._last
            self._notify(at_once=True)
        if last is not None and not last.done():
            concurrent.futures.wait([last])

    def close(self, then: Callable[[], None]) -> None:
        """Write pending changes, stop the thread, and call ``then``."""
        with self._changed:
            if self._closed:
                return
            self._closed, self._then, thread = True, then, self._thread
            self._notify(at_once=True)
        if thread is None:
            then()
        elif thread is not current_thread():
            thread.join()

    def _notify(self, *, at_once: bool) -> None:
        self._at_once = self._at_once or at_once
        self._changed.notify()

    def _work(self) -> None:
        ended = False
        while not ended:
            group, ended = self._next_group()
            self._write(group)
            del group  # otherwise the thread keeps the last group alive until the next one
        self._then()

    def _next_group(self) -> tuple[list[_Waiting[Any]], bool]:
        """The next pending writes, and whether there will be no further ones."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._changed.wait_for(
                lambda: self._at_once or len(self._waiting) >= _MOST or self._closed, _GATHERED
            )
            taken, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            self._at_once = bool(self._waiting)
            ended = self._closed and not self._waiting
        return [one for one in taken if one.future.set_running_or_notify_cancel()], ended

    def _write(self, group: list[_Waiting[Any]]) -> None:
        outcomes = self._outcomes(group) if group else []
        with waking_together():
            for one, (value, why) in zip(group, outcomes, strict=True):
                if one.after is not None:
                    _call(one.after, value, why)
                one.future.set_result(value) if why is None else one.future.set_exception(why)

    def _outcomes(self, group: list[_Waiting[Any]]) -> list[_Outcome]:
        """Write the group to the disk: what became of each write."""
        error: BaseException
        try:
            if self._broken is not None:
                raise self._broken
            with self._database.writing() as connection:
                outcomes, count = self._commit(connection, group)
            # Written before the callers continue, so that an older copy of the database is always detected.
            self._generation.raise_to(Mark(self._journal_id, count))
        except _HalfDone:
            return [outcome for one in group for outcome in self._outcomes([one])]
        except JournalError as why:
            self._note(why)
            error = why
        except BaseException as why:  # noqa: BLE001  # it is raised where the writes are waited for
            error = why
        else:
            return outcomes
        return [(None, error)] * len(group)

    def _commit(
        self, connection: sqlite3.Connection, group: list[_Waiting[Any]]
    ) -> tuple[list[_Outcome], int]:
        connection.execute("BEGIN IMMEDIATE")
        self.transactions += 1
        try:
            outcomes: list[_Outcome]
            if len(group) == 1:
                outcomes = [(group[0].write(connection), None)]  # what it raises undoes all of it
            else:
                outcomes = _all(connection, [one.write for one in group])
            connection.execute("UPDATE facts SET value = value + 1 WHERE name = 'generation'")
            query = "SELECT value FROM facts WHERE name = 'generation'"
            count = int(connection.execute(query).fetchone()[0])
            if count <= self._count:
                raise JournalRestored(
                    f"{self._database.path} was replaced by an older copy while it was open; nothing "
                    "was sent. Stop all programs that use this journal"
                )
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise
        self._count = count
        return outcomes, count

    def _note(self, error: JournalError) -> None:
        """Refuse all writes after a failed sync: they could depend on lost data."""
        code = getattr(error.__cause__, "sqlite_errorcode", None)
        if code in _UNSYNCED:
            self._broken = error


def _all(connection: sqlite3.Connection, writes: Sequence[Write[Any]]) -> list[_Outcome]:
    """Run the writes of a group, joint ones together. Raises ``_HalfDone``."""
    outcomes: dict[int, _Outcome] = {}
    for numbers in _parts(writes):
        done = _together(connection, [writes[number] for number in numbers])
        for place, number in enumerate(numbers):
            outcomes[number] = (
                (done[place], None) if place in done else _one(connection, writes[number])
            )
    return [outcomes[number] for number in range(len(writes))]


def _parts(writes: Sequence[Write[Any]]) -> Iterator[list[int]]:
    """The numbers of the writes in the order in which they run: joint ones by kind, others one by one in their place."""
    kinds: dict[type[JointWrite], list[int]] = {}
    for number, write in enumerate(writes):
        if isinstance(write, JointWrite):
            kinds.setdefault(type(write), []).append(number)
            continue
        yield from _in_order(kinds)
        kinds = {}
        yield [number]
    yield from _in_order(kinds)


def _in_order(kinds: Mapping[type[JointWrite], list[int]]) -> list[list[int]]:
    return [kinds[kind] for kind in sorted(kinds, key=lambda one: one.order)]


def _together(connection: sqlite3.Connection, writes: Sequence[Write[Any]]) -> Mapping[int, Any]:
    """The values of the writes that were done together, by their places."""
    first = writes[0]
    if len(writes) == 1 or not isinstance(first, JointWrite):
        return {}
    try:
        return first.together(connection, writes)
    except Exception as error:
        raise _HalfDone from error


def _one(connection: sqlite3.Connection, write: Write[Any]) -> _Outcome:
    """Run one write of a group. A refusal that has changed nothing is its own affair. Raises ``_HalfDone``."""
    before = connection.total_changes
    try:
        return write(connection), None
    except BaseException as error:  # it is raised where the write is waited for
        if isinstance(error, sqlite3.Error) or connection.total_changes != before:
            raise _HalfDone from error
        return None, error


def _call(after: After, value: Any, why: BaseException | None) -> None:
    try:
        after(value, why)
    except Exception:  # noqa: BLE001  # without the thread, everybody who writes would wait for ever
        _log.exception("the journal continued after an error")
