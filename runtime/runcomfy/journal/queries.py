"""Queries over all entries: lists, sums and bulk changes."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runcomfy.errors import JournalBusy, KeyConflict

from . import rows
from .budget import Budget, dollars
from .entry import Account, Entry, Spend
from .rows import SELECT, Row
from .states import ENDED, RESERVED, State

__all__ = [
    "Query",
    "adopt",
    "latest",
    "page",
    "purge",
    "same_payload",
    "set_limits",
    "spend",
    "write_anew",
]

#: Entries that are read at once.
_PAGE = 500
#: The columns that a purge clears.
_PURGED = ("payload", "output", "files", "folder", "error", "history")


@dataclass(frozen=True, slots=True)
class Query:
    """A filter of entries; ``None`` matches any. ``since`` is in seconds since 1970."""

    states: tuple[State, ...] | None = None
    model_id: str | None = None
    since: float | None = None
    text: str | None = None
    account: Account | None = None
    key: str | None = None

    def where(self) -> tuple[str, list[Any]]:
        """The condition, and its values."""
        conditions: list[tuple[str, list[Any]]] = []
        if self.states is not None:
            marks = ", ".join("?" * len(self.states))
            conditions.append((f"state IN ({marks})", [*self.states]))
        if self.model_id is not None:
            conditions.append(("model_id = ?", [self.model_id]))
        if self.since is not None:
            conditions.append(("created >= ?", [self.since]))
        if self.key is not None:
            conditions.append(("key = ?", [self.key]))
        if self.account is not None:
            mine = [self.account.origin, self.account.fingerprint]
            conditions.append(("origin = ? AND account = ?", mine))
        if self.text is not None:
            sought = self.text.casefold()
            # As JSON writes it: with its quotes and line ends escaped.
            in_payload = json.dumps(sought, ensure_ascii=False)[1:-1]
            columns = ("key", "model_id", "request_id", "error")
            any_of = " OR ".join(f"has_text({column}, ?)" for column in ("payload", *columns))
            conditions.append((f"({any_of})", [in_payload] + [sought] * len(columns)))
        return (
            " AND ".join(condition for condition, _ in conditions) or "1",
            [value for _, values in conditions for value in values],
        )


def _has_text(value: str | None, sought: str) -> bool:
    return value is not None and sought in value.casefold()


def page(connection: sqlite3.Connection, query: Query, after: int, root: Path) -> list[Row]:
    """The next matching entries, oldest first, after the given row number."""
    return _read(connection, query, root, after, f"id LIMIT {_PAGE}")


def latest(connection: sqlite3.Connection, query: Query, count: int, root: Path) -> list[Row]:
    """The last entries that fit, newest first."""
    return _read(connection, query, root, 0, f"id DESC LIMIT {count:d}")


def _read(
    connection: sqlite3.Connection, query: Query, root: Path, after: int, order: str
) -> list[Row]:
    where, values = query.where()
    # LIKE knows the case of ASCII letters only.
    connection.create_function("has_text", 2, _has_text)
    found = connection.execute(
        f"{SELECT} WHERE id > ? AND {where} ORDER BY {order}",  # conditions are made above
        (after, *values),
    )
    return [rows.read(row, root) for row in found]


def same_payload(
    connection: sqlite3.Connection, account: Account, model_id: str, digest: str, root: Path
) -> list[Entry]:
    """The open entries with an equal payload, which may still cost money."""
    states = tuple(sorted(RESERVED))
    marks = ", ".join("?" * len(states))
    found = connection.execute(
        f"{SELECT} WHERE digest = ? AND origin = ? AND account = ? AND model_id = ? AND state IN ({marks}) ORDER BY id",
        (digest, account.origin, account.fingerprint, model_id, *states),
    )
    return [rows.read(row, root).entry for row in found]


def spend(connection: sqlite3.Connection, by: str) -> dict[str, Spend]:
    """The sums of charges by a column, those of batches that reserve here included."""
    found = connection.execute(
        f"SELECT {by}, sum(spent), sum(reserved), count(*) FROM charges GROUP BY {by} ORDER BY {by}"  # noqa: S608  # one of two columns
    )
    return {
        name: Spend(dollars(spent), dollars(reserved), count)
        for name, spent, reserved, count in found
    }


def set_limits(connection: sqlite3.Connection, budget: Budget) -> None:
    """Store limits for every process."""
    limits = {
        "max_cost": budget.total,
        "max_cost_per_day": budget.day,
        "price_margin": budget.margin,
    }
    for name, value in limits.items():
        rows.set_fact(connection, name, None if value is None else str(value))


def adopt(connection: sqlite3.Connection, account: Account) -> int:
    """Assign all entries of an origin to an account. Returns how many changed."""
    query = "SELECT count(*) FROM entries WHERE origin = ? AND account <> ? AND state = 'posting'"
    origin, fingerprint = account.origin, account.fingerprint
    (posting,) = connection.execute(query, (origin, fingerprint)).fetchone()
    if posting:
        raise JournalBusy(
            f"{posting} requests are being submitted; wait until they have ended, and try again"
        )
    try:
        changed = connection.execute(
            "UPDATE entries SET account = ? WHERE origin = ? AND account <> ?",
            (fingerprint, origin, fingerprint),
        )
    except sqlite3.IntegrityError:
        raise KeyConflict(
            f"several accounts at {origin} have the same key, so they cannot be merged",
            key="",
            differs="account",
            model_id="",
            request_id=None,
        ) from None
    if rows.fact(connection, "account") is not None:
        rows.set_fact(connection, "account", f"{origin} {fingerprint}")
    return changed.rowcount


def purge(connection: sqlite3.Connection, before: float) -> int:
    """Purge entries that ended before a time. Returns their number."""
    states = tuple(sorted(ENDED))
    marks, empty = ", ".join("?" * len(states)), ", ".join(f"{name} = NULL" for name in _PURGED)
    changed = connection.execute(
        f"UPDATE entries SET {empty}, purged = 1 WHERE ended < ? AND NOT purged AND state IN ({marks})",  # noqa: S608  # columns are listed above
        (before, *states),
    )
    return changed.rowcount


def write_anew(connection: sqlite3.Connection) -> None:
    """Rewrite the database and truncate its log, because both still contain deleted data and older versions."""
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
