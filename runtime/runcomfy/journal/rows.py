"""Reading and writing entries as rows. Each function runs inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runcomfy.errors import JournalRefused

from .budget import dollars
from .entry import Account, Entry, SavedFile
from .states import NEXT, State

__all__ = [
    "by_key",
    "by_request_id",
    "by_token",
    "change",
    "charge",
    "fact",
    "files_of",
    "files_text",
    "move",
    "read",
    "row_at",
    "set_fact",
    "settle",
]

_COLUMNS = (
    "id, origin, account, key, model_id, digest, payload, state, token, request_id, attempts, estimate, "
    "cost, created, claimed, answered, ended, output, files, folder, error, history, purged"
)
SELECT = f"SELECT {_COLUMNS} FROM entries"  # noqa: S608  # the columns are listed above

#: The latest time of a datetime, in seconds since 1970.
_LATEST = 253_402_300_799.0


@dataclass(frozen=True, slots=True)
class Row:
    """An entry, and the number of its row."""

    number: int
    entry: Entry


def read(found: tuple[Any, ...], root: Path) -> Row:
    """The entry in a row of ``SELECT``. ``root`` is the journal's folder, which relative paths start from."""
    (
        number, origin, account, key, model_id, digest, payload, state, token, request_id, attempts,
        estimate, cost, created, claimed, answered, ended, output, files, folder, error, history, purged,
    ) = found  # fmt: skip  # in the order of the columns
    entry = Entry(
        key=key,
        account=Account(origin, account),
        model_id=model_id,
        state=state,
        digest=digest,
        payload=_json(payload),
        request_id=request_id,
        attempts=attempts,
        estimate=None if estimate is None else dollars(estimate),
        cost=None if cost is None else dollars(cost),
        created_at=_moment(created),
        claimed_at=_moment(claimed),
        answered_at=None if answered is None else _moment(answered),
        ended_at=None if ended is None else _moment(ended),
        output=_json(output),
        files=files_of(files, root),
        folder=None if folder is None else root / folder,
        error=error,
        history=tuple(_json(history) or ()),
        purged=bool(purged),
        token=token,
    )
    return Row(number, entry)


def by_key(connection: sqlite3.Connection, account: Account, key: str, root: Path) -> Row | None:
    """The entry of an account under a key."""
    where = "WHERE origin = ? AND account = ? AND key = ?"
    return _one(connection, where, (account.origin, account.fingerprint, key), root)


def by_token(connection: sqlite3.Connection, token: str, root: Path) -> Row | None:
    """The entry whose last claim has this token, unless nothing was sent."""
    where = "WHERE id = (SELECT entry FROM charges WHERE source = '' AND token = ?) AND token = ?"
    return _one(connection, where, (token, token), root)


def row_at(connection: sqlite3.Connection, number: int, root: Path) -> Row:
    """The row with this number, which must exist."""
    return read(connection.execute(f"{SELECT} WHERE id = ?", (number,)).fetchone(), root)


def by_request_id(
    connection: sqlite3.Connection, origin: str, request_id: str, root: Path
) -> Row | None:
    """The entry that a request id belongs to; that of an earlier attempt counts as well."""
    where = "WHERE id = (SELECT entry FROM request_ids WHERE origin = ? AND request_id = ?)"
    return _one(connection, where, (origin, request_id), root)


def move(connection: sqlite3.Connection, row: Row, state: State, **changes: Any) -> bool:
    """Move an entry to a state and change columns. Returns whether the move is allowed."""
    before = row.entry.state
    if state != before and state not in NEXT[before]:
        return False
    change(connection, row.number, {"state": state, **changes})
    return True


def change(connection: sqlite3.Connection, number: int, changes: Mapping[str, Any]) -> None:
    """Change columns of an entry."""
    names = ", ".join(f"{name} = ?" for name in changes)
    connection.execute(
        f"UPDATE entries SET {names} WHERE id = ?",  # noqa: S608  # names of columns, given in code
        (*changes.values(), number),
    )


def charge(
    connection: sqlite3.Connection,
    source: str,
    token: str,
    model_id: str,
    day: str,
    amounts: tuple[int, int, int],
    entry: int | None = None,
) -> None:
    """Write the reserved, settled and spent amounts of an attempt; the day remains the first one."""
    connection.execute(
        "INSERT INTO charges VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, token) DO UPDATE SET "
        "reserved = excluded.reserved, settled = excluded.settled, spent = excluded.spent",
        (source, token, model_id, day, *amounts, entry),
    )


def settle(
    connection: sqlite3.Connection, token: str, amounts: tuple[int, int, int] | None
) -> None:
    """Write what an attempt of this journal came to; ``None``: nothing was sent, so it has no charge."""
    if amounts is None:
        connection.execute("DELETE FROM charges WHERE source = '' AND token = ?", (token,))
    else:
        connection.execute(
            "UPDATE charges SET reserved = ?, settled = ?, spent = ? WHERE source = '' AND token = ?",
            (*amounts, token),
        )


def fact(connection: sqlite3.Connection, name: str) -> str | None:
    """A fact about the journal itself."""
    found = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def set_fact(connection: sqlite3.Connection, name: str, value: str | None) -> None:
    """Write a fact about the journal, or remove it."""
    if value is None:
        connection.execute("DELETE FROM facts WHERE name = ?", (name,))
    else:
        connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def files_of(text: str | None, root: Path) -> tuple[SavedFile, ...]:
    """The files in the column ``files``."""
    return tuple(
        SavedFile(
            one["url"],
            one["kind"],
            None if one.get("path") is None else root / one["path"],
            one.get("address"),
        )
        for one in _json(text) or ()
    )


def files_text(files: Iterable[Mapping[str, Any]]) -> str:
    """The column ``files``: a URL, a kind and perhaps a path or an address each."""
    return json.dumps(list(files), separators=(",", ":"))


def _one(
    connection: sqlite3.Connection, where: str, values: tuple[Any, ...], root: Path
) -> Row | None:
    found = connection.execute(f"{SELECT} {where}", values).fetchone()
    return None if found is None else read(found, root)


def _json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise JournalRefused(
            "the journal contains a damaged entry; restore it from a backup, and open it with "
            "accept_restored=True"
        ) from None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0.0), _LATEST), UTC)
