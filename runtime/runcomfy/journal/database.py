"""``Database``: the SQLite file of a journal."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from runcomfy.errors import JournalBusy, JournalError, JournalRefused, JournalUnwritable

from .schema import APPLICATION_ID, MIGRATIONS, TABLES, VERSION

__all__ = ["Database", "error_of"]

#: Seconds to wait for writes of other processes.
_PATIENCE = 30.0
#: The largest database in bytes that is checked completely when opened, in some 50 ms.
_CHECKED = 32 * 1024 * 1024

_FULL = "the disk is full; free some space and try again"
_READ_ONLY = "it is read-only for this user; use another path, or change its permissions"


class Database:
    """The database file at ``path``, which ``create`` has made.

    Connections are opened when they are needed. All use of SQLite is inside ``writing`` or ``reading``, so
    that a fork can wait for it: SQLite's connections do not survive one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._writing, self._reading = Lock(), Lock()
        self._file: os.stat_result | None = None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The write connection, for one thread at a time. Raises ``JournalError``."""
        with self._writing, _translated(self.path):
            self._require_in_place()
            if self._writer is None:
                self._writer = _connect(self.path)
            yield self._writer

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The read connection, which does not wait for the write connection."""
        with self._reading, _translated(self.path):
            self._require_in_place()
            if self._reader is None:
                self._reader = _connect(self.path)
            yield self._reader

    def close(self) -> None:
        """Close both connections; the next use opens new ones."""
        with self._writing, self._reading:
            self.drop()

    def drop(self) -> None:
        """Close both connections, whose locks the caller holds."""
        for connection in (self._reader, self._writer):
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()
        self._reader = self._writer = None

    def lock(self) -> None:
        """Before a fork: wait until SQLite is idle, block further use, and close all connections."""
        self._writing.acquire()
        self._reading.acquire()
        self.drop()

    def unlock(self) -> None:
        """End what ``lock`` began."""
        self._reading.release()
        self._writing.release()

    def create(self) -> None:
        """Create the file with mode 0600 if it does not exist, and sync its folder."""
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            raise _unwritable(self.path, error) from error
        sync_folder(self.path.parent)

    def prepare(self) -> None:
        """Check the file and bring its tables up to date. Raises ``JournalRefused``.

        Nothing is changed in a file that is refused.
        """
        self._file = self.path.stat()
        if (
            hasattr(os, "getuid")
            and self._file.st_uid == os.getuid()
            and self._file.st_mode & 0o077
        ):
            self.path.chmod(0o600)
        with _translated(self.path):
            connection = _open(self.path)
            try:
                version = self._version(connection)
                self._check(connection, version)
                _set_up(connection, self.path)
                if version < VERSION:
                    self._bring_up(connection)
            finally:
                connection.close()
        sync_folder(self.path.parent)

    def copy_to(self, target: Path) -> None:
        """Write a complete copy of the database to a new file with mode 0600."""
        if target.exists():
            raise JournalUnwritable(f"{target} exists; a backup never replaces a file")
        beside = target.with_name(target.name + ".new")
        try:
            beside.unlink(missing_ok=True)
            os.close(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            with _translated(beside):
                self._copy(beside)
            _sync(beside)
            beside.replace(target)
        except OSError as error:
            if isinstance(error, JournalError):
                raise
            raise _unwritable(target, error) from error
        finally:
            beside.unlink(missing_ok=True)
        sync_folder(target.parent)

    def _copy(self, target: Path) -> None:
        source, copy = _open(self.path), _open(target)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        finally:
            copy.close()
            source.close()

    def _version(self, connection: sqlite3.Connection) -> int:
        """The version of the tables; 0 for an empty database."""
        (mine,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if mine == 0 and version == 0 and tables == 0:
            return 0
        if mine != APPLICATION_ID:
            raise JournalRefused(f"{self.path} is a database of another program; use another path")
        if version > VERSION:
            raise JournalRefused(
                f"{self.path} was written by a newer version of runcomfy (journal format {version}, "
                f"this one reads up to {VERSION}); upgrade runcomfy"
            )
        return int(version)

    def _check(self, connection: sqlite3.Connection, version: int) -> None:
        assert self._file is not None  # noqa: S101  # ``prepare`` has looked
        if version and self._file.st_size <= _CHECKED:
            (told,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if told != "ok":
                raise _corrupt(self.path, str(told))

    def _bring_up(self, connection: sqlite3.Connection) -> None:
        """Create the tables, or migrate them after a backup. Another process may do so first."""
        version = self._version(connection)
        if version:
            backup = self.path.with_name(f"{self.path.name}.v{version}.backup")
            if not backup.exists():
                self.copy_to(backup)
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = self._version(connection)
            steps = (
                TABLES
                if version == 0
                else [step for number in range(version, VERSION) for step in MIGRATIONS[number]]
            )
            for step in steps if version < VERSION else ():
                connection.execute(step)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _require_in_place(self) -> None:
        """Raise if the file was removed or replaced, because writes to it would be lost."""
        try:
            there = self.path.stat()
        except OSError:
            there = None
        if there is None or self._file is None or not os.path.samestat(there, self._file):
            raise JournalRefused(
                f"{self.path} was removed or replaced while it was open; nothing was sent. End all "
                "programs that use this journal, and start them again"
            )


def error_of(error: sqlite3.Error, path: Path) -> JournalError:
    """The ``JournalError`` for an error of SQLite."""
    code = getattr(error, "sqlite_errorcode", None)
    kind = None if code is None else code & 0xFF
    if kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return JournalBusy(
            f"{path}: another process has been writing for {_PATIENCE:.0f} s; try again later"
        )
    if kind == sqlite3.SQLITE_FULL:
        return JournalUnwritable(f"{path} cannot be written: {_FULL}")
    if kind in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return JournalUnwritable(f"{path} cannot be written: {_READ_ONLY}")
    if kind == sqlite3.SQLITE_IOERR:
        return JournalUnwritable(f"{path} cannot be written: {error}; is the disk full or failing?")
    if kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _corrupt(path, str(error))
    return JournalError(f"{path}: {error}")


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder to disk; Windows does this by itself."""
    if os.name != "nt":
        _sync(folder)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _connect(path: Path) -> sqlite3.Connection:
    connection = _open(path)
    try:
        _set_up(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _open(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(os.fsencode(path))}?mode=rw"
    return sqlite3.connect(
        address, timeout=_PATIENCE, isolation_level=None, check_same_thread=False, uri=True
    )


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    """Configure the connection so that commits are durable."""
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise JournalRefused(
            f"{path}: its file system does not support SQLite's write-ahead log; move the journal to a local disk"
        )
    for setting in ("synchronous = FULL", "fullfsync = ON", "checkpoint_fullfsync = ON"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA secure_delete = OFF")  # a purge writes the whole file anew instead


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise error_of(error, path) from error


def _unwritable(path: Path, error: OSError) -> JournalUnwritable:
    return JournalUnwritable(
        f"{path} cannot be written: {error.strerror or error}; use another path"
    )


def _corrupt(path: Path, why: str) -> JournalRefused:
    return JournalRefused(
        f"{path} is damaged ({why}); nothing was sent. Restore it from a backup, and open it with "
        "accept_restored=True"
    )
