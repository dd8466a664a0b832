"""``KeyCounts``: how often a key occurred among millions of rows, in little memory."""

from __future__ import annotations

import errno
import sqlite3
import tempfile

__all__ = ["KeyCounts"]

#: Keys in memory, some ten megabytes; with more, they go to a temporary file.
_HELD = 32_768
#: Kilobytes of that file that stay in memory.
_CACHE = 16_384


class KeyCounts:
    """Counts keys and remembers the first row of each. Not for concurrent use by several threads.

    >>> keys = KeyCounts()
    >>> keys.add("hat", 1), keys.add("hat", 7)
    ((1, 1), (1, 2))
    """

    def __init__(self) -> None:
        #: The first row and the number of rows of each key that was counted since the last move.
        self._held: dict[str, tuple[int, int]] = {}
        self._moved: sqlite3.Connection | None = None

    def add(self, key: str, row: int) -> tuple[int, int]:
        """Count a key. Returns its first row and its number of rows. Raises ``OSError`` on a full disk."""
        try:
            first, count = self._held.get(key) or self._moved_one(key) or (row, 0)
            self._held[key] = found = first, count + 1
            if len(self._held) >= _HELD:
                self._move()
        except sqlite3.Error as error:
            where = tempfile.gettempdir()
            raise OSError(
                errno.ENOSPC, f"the keys of the rows cannot be stored there: {error}", where
            ) from error
        return found

    def _moved_one(self, key: str) -> tuple[int, int] | None:
        if self._moved is None:
            return None
        query = "SELECT first, count FROM keys WHERE key = ?"
        found: tuple[int, int] | None = self._moved.execute(query, (key,)).fetchone()
        return found

    def _move(self) -> None:
        """Move all keys out of memory."""
        if self._moved is None:
            self._moved = _temporary()
        rows = ((key, first, count) for key, (first, count) in self._held.items())
        self._moved.execute("BEGIN")
        self._moved.executemany("INSERT OR REPLACE INTO keys VALUES (?, ?, ?)", rows)
        self._moved.execute("COMMIT")
        self._held.clear()

    def close(self) -> None:
        """Remove them."""
        self._held.clear()
        if self._moved is not None:
            self._moved.close()


def _temporary() -> sqlite3.Connection:
    # A database without a name is SQLite's own temporary file, made when the memory is full.
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute(f"PRAGMA cache_size = -{_CACHE}")
    database.execute(
        "CREATE TABLE keys (key TEXT PRIMARY KEY, first INTEGER, count INTEGER) WITHOUT ROWID"
    )
    return database
