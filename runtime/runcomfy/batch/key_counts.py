"""``KeyCounts``: how often a key occurred among millions of rows, in little memory."""

from __future__ import annotations

import errno
import sqlite3
import tempfile

__all__ = ["KeyCounts"]

#: Kilobytes in memory; the rest goes to a temporary file.
_CACHE = 16_384


class KeyCounts:
    """Counts keys and remembers the first row of each. Not for concurrent use by several threads.

    >>> keys = KeyCounts()
    >>> keys.add("hat", 1), keys.add("hat", 7)
    ((1, 1), (1, 2))
    """

    def __init__(self) -> None:
        # A database without a name is SQLite's own temporary file, made when the memory is full.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(f"PRAGMA cache_size = -{_CACHE}")
        self._database.execute(
            "CREATE TABLE keys (key TEXT PRIMARY KEY, first INTEGER, count INTEGER) WITHOUT ROWID"
        )

    def add(self, key: str, row: int) -> tuple[int, int]:
        """Count a key. Returns its first row and its number of rows. Raises ``OSError`` on a full disk."""
        try:
            return self._added(key, row)
        except sqlite3.Error as error:
            where = tempfile.gettempdir()
            raise OSError(
                errno.ENOSPC, f"the keys of the rows cannot be stored there: {error}", where
            ) from error

    def _added(self, key: str, row: int) -> tuple[int, int]:
        execute = self._database.execute
        new = execute("INSERT OR IGNORE INTO keys VALUES (?, ?, 1)", (key, row)).rowcount
        if new:
            return row, 1
        execute("UPDATE keys SET count = count + 1 WHERE key = ?", (key,))
        first, count = execute("SELECT first, count FROM keys WHERE key = ?", (key,)).fetchone()
        return first, count

    def close(self) -> None:
        """Remove it."""
        self._database.close()
