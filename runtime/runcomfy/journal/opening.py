"""Opening the files of a journal, and refusing outdated or foreign ones."""

from __future__ import annotations

import logging
import secrets
import sqlite3
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from runcomfy.errors import JournalRefused, JournalRestored, JournalUnwritable

from . import rows
from .budget import Budget
from .database import Database
from .filesystems import LOCK_TEST, require_locks
from .generation_number import Generation, Mark
from .locks import OPENING, LockFile

__all__ = ["Files", "Options", "open_files"]

_log = logging.getLogger("runcomfy")

#: Seconds to wait while another process opens the same journal.
_PATIENCE = 30.0
#: What belongs to a journal named ``journal.db``, by the ends of the names.
_OURS = ("", "-wal", "-shm", "-journal", ".lock", ".generation", ".generation.new")


@dataclass(frozen=True, slots=True)
class Options:
    """How a journal is opened."""

    path: Path
    budget: Budget
    submits: int
    clock: Callable[[], float]
    accept_restored: bool = False
    #: Whether the folder belongs to the journal: then a folder with other files and no journal is refused.
    whole_folder: bool = False
    one_account: bool = False
    #: The id of the expected journal. With an id, the journal is only opened, never created.
    journal_id: str | None = None

    def beside(self, end: str) -> Path:
        """A file next to the database."""
        return self.path.with_name(self.path.name + end)


class Files(NamedTuple):
    """The open files of a journal."""

    locks: LockFile
    database: Database
    generation: Generation
    journal_id: str


def open_files(options: Options) -> Files:
    """Open or create a journal. Raises a subclass of ``JournalError``."""
    folder = options.path.parent
    _require_there(options)
    _make_folder(folder)
    _require_plain_file(options.path)
    try:
        lock_file = options.beside(".lock")
        require_locks(folder, try_them=not lock_file.exists())
        locks = LockFile.open(lock_file)
    except OSError as error:
        raise JournalUnwritable(
            f"{folder}: {error.strerror}; a journal needs a writable folder"
        ) from error
    database = Database(options.path)
    try:
        generation = Generation(options.beside(".generation"), locks)
        with locks.exclusive(OPENING, _PATIENCE):
            journal_id = _open(options, database, generation)
    except BaseException:
        database.close()
        locks.close()
        raise
    return Files(locks, database, generation, journal_id)


def _require_there(options: Options) -> None:
    """Raise where a journal that is to be opened only is not there; nothing is made then."""
    if options.journal_id is not None and not options.path.is_file():
        raise JournalRefused(
            f"{options.path} is not on this machine, and another journal would pay everything again; nothing "
            "was sent. Run it where the folder is"
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise JournalUnwritable(
            f"{folder} cannot be created: {error.strerror}; use another path"
        ) from error


def _require_plain_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise JournalUnwritable(f"{path}: {error.strerror}; use another path") from error
    if not stat.S_ISREG(mode):
        raise JournalUnwritable(
            f"{path} is not a regular file; pass the path of a file, which is created if it does not exist"
        )


def _open(options: Options, database: Database, generation: Generation) -> str:
    """Open the database, or make it, if its generation is the one that its folder tells: the journal's id."""
    mark = _mark(options, generation)
    there = options.path.exists()
    if not there:
        _require_none_before(options, mark)
    if mark is None and not there:
        mark = Mark(secrets.token_hex(16), 0)
        _written(generation, mark)
    database.create()
    database.prepare()
    with database.writing() as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            found = _identity(connection)
            new = _judged(options, found, mark)
            _require_id(options, new)
            if new != found:
                rows.set_fact(connection, "id", new.journal_id)
                rows.set_fact(connection, "generation", str(new.count))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    if mark is None or new.journal_id != mark.journal_id:
        _written(generation, new)
    elif new.count > mark.count:
        generation.raise_to(new)  # in its place: other processes may have it open
    return new.journal_id


def _require_id(options: Options, mark: Mark) -> None:
    if options.journal_id not in (None, mark.journal_id):
        raise JournalRefused(
            f"{options.path} is not the journal that this batch was begun with; nothing was sent. Run it "
            "where the folder is"
        )


def _mark(options: Options, generation: Generation) -> Mark | None:
    try:
        return generation.read()
    except JournalRestored:
        if options.accept_restored:
            return None
        raise


def _identity(connection: sqlite3.Connection) -> Mark | None:
    journal_id, count = rows.fact(connection, "id"), rows.fact(connection, "generation")
    return None if journal_id is None or count is None else Mark(journal_id, int(count))


def _require_none_before(options: Options, mark: Mark | None) -> None:
    """Raise if the folder shows that there was a journal."""
    if options.accept_restored:
        return
    if mark is not None and mark.count:
        raise _restored(options, "is missing, although its folder was used by a journal")
    if options.whole_folder:
        ours = {options.path.name + end for end in _OURS}
        names = {one.name for one in options.path.parent.iterdir()} - ours
        others = sorted(name for name in names if not name.startswith(LOCK_TEST))
        if others:
            raise _restored(
                options,
                f"does not exist, and its folder contains other files ({others[0]!r:.80}, …)",
            )


def _judged(options: Options, found: Mark | None, mark: Mark | None) -> Mark:
    """The mark that the database should have. Raises ``JournalRestored`` for an older copy."""
    if found is None:
        if mark is None or not mark.count:
            return mark or Mark(secrets.token_hex(16), 0)
        if not options.accept_restored:
            raise _restored(options, "is empty, although its folder was used by a journal")
        return Mark(mark.journal_id, mark.count + 1)
    if mark is not None and mark.journal_id == found.journal_id and mark.count <= found.count:
        return found
    if mark is None and not found.count:
        return found
    if not options.accept_restored:
        if mark is None:
            why = f"lacks its file {options.beside('.generation').name}"
        elif mark.journal_id != found.journal_id:
            why = "does not belong to this folder"
        else:
            why = f"is older than its folder records (generation {found.count} of {mark.count})"
        raise _restored(options, why)
    _log.warning("%s: continuing with a restored journal", options.path)
    return Mark(found.journal_id, max(found.count, mark.count if mark else 0) + 1)


def _restored(options: Options, why: str) -> JournalRestored:
    return JournalRestored(
        f"{options.path} {why}: paid requests may be missing from it, and would be paid again. "
        "Restore the latest journal, or pass accept_restored=True to continue without them"
    )


def _written(generation: Generation, mark: Mark) -> None:
    try:
        generation.write(mark)
    except OSError as error:
        raise JournalUnwritable(
            f"{generation.path} cannot be written: {error.strerror}; is the disk full or read-only?"
        ) from error
