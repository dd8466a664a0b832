"""Granting a claim: one transaction that checks key and budget, reserves, and writes the entry."""

from __future__ import annotations

import json
import secrets
import sqlite3
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from runcomfy.errors import ConfigurationError, KeyConflict
from runcomfy.redaction import clean

from . import rows
from .digests import Described
from .entry import Account, Entry
from .rows import Row
from .session import Session
from .states import FREE, REPEATABLE

__all__ = ["Wanted", "grant", "key_fault", "new_token", "set_aside", "standing"]

_LONGEST_KEY = 500


def new_token() -> str:
    """A new claim token, created by the execution that posts."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The submit to claim. ``estimate`` is in micro-dollars; ``again`` repeats an ended request."""

    account: Account
    key: str
    model_id: str
    payload: Described
    estimate: int | None = None
    again: bool = False
    #: The number of claims of the key when its repetition was decided, so that several claimants repeat it only once.
    repeats: int | None = None
    #: Where its files are to be saved, as ``recover`` needs to know.
    folder: str | None = None
    token: str = field(default_factory=new_token, repr=False)

    def __post_init__(self) -> None:
        wrong = key_fault(self.key)
        if wrong:
            raise ConfigurationError(f"a key {wrong}, got {self.key!r:.80}")


def key_fault(key: object) -> str:
    """The reason why this is not a valid key; ``""`` if it is."""
    if isinstance(key, str) and 0 < len(key) <= _LONGEST_KEY and key.isprintable():
        return ""
    return f"must be a printable text of 1 to {_LONGEST_KEY} characters"


def grant(session: Session, connection: sqlite3.Connection, wanted: Wanted) -> Entry | None:
    """Write the claim if it is granted; else return the existing entry."""
    row = rows.by_key(connection, wanted.account, wanted.key, session.root)
    if row is None:
        session.require_account(connection, wanted.account)
        reserve = _reserve(session, connection, wanted)
        number = _insert(session, connection, wanted)
        _charge(session, connection, wanted, reserve, number)
        return None
    entry = row.entry
    if entry.state == "posting":
        if entry.token == wanted.token:
            return None
        if not session.is_alive(entry.token):
            rows.move(connection, row, "unknown")
            entry = replace(entry, state="unknown")
    if standing(entry, wanted) is not None:
        return entry
    reserve = _reserve(session, connection, wanted)
    _update(session, connection, row, wanted)
    _charge(session, connection, wanted, reserve, row.number)
    return None


def standing(entry: Entry, wanted: Wanted) -> Entry | None:
    """The entry, if it prevents a claim. Raises ``KeyConflict`` if it is for another request."""
    if entry.state in FREE:
        return None
    _require_same(entry, wanted)
    repeat = wanted.again and wanted.repeats in (None, entry.attempts)
    return None if repeat and entry.state in REPEATABLE else entry


def set_aside(
    session: Session,
    connection: sqlite3.Connection,
    wanted: Wanted,
    state: Literal["invalid", "skipped"],
    reason: str,
) -> Entry:
    """Record that a request is not sent, unless it was. Raises ``KeyConflict`` if it was sent with other inputs."""
    row = rows.by_key(connection, wanted.account, wanted.key, session.root)
    if row is None:
        session.require_account(connection, wanted.account)
        number = _insert(session, connection, wanted)
    elif row.entry.state in FREE:
        number = row.number
        _update(session, connection, row, wanted)
    else:
        _require_same(row.entry, wanted)
        return row.entry
    now = session.now()
    connection.execute(
        "UPDATE entries SET state = ?, error = ?, answered = ?, ended = ? WHERE id = ?",
        (state, reason, now, now, number),
    )
    return rows.row_at(connection, number, session.root).entry


def _require_same(entry: Entry, wanted: Wanted) -> None:
    if entry.model_id != wanted.model_id:
        differs, told = "model", f"for the model {clean(entry.model_id)}"
    elif entry.digest != wanted.payload.digest:
        differs, told = "payload", "with other inputs"
    else:
        return
    when = f"{entry.claimed_at:%Y-%m-%d %H:%M:%S} UTC"
    raise KeyConflict(
        f"the key {wanted.key!r} was used {told} ({entry.state}, {when}); nothing was sent. Use another "
        "key, or the same inputs",
        key=wanted.key,
        differs=differs,
        model_id=entry.model_id,
        request_id=entry.request_id,
    )


def _reserve(session: Session, connection: sqlite3.Connection, wanted: Wanted) -> int:
    """The amount to reserve, if the budgets allow it."""
    budget = session.budget(connection)
    budget.check(connection, session.day(), wanted.estimate, wanted.model_id)
    return budget.reserve(wanted.estimate)


def _insert(session: Session, connection: sqlite3.Connection, wanted: Wanted) -> int:
    """Write a new entry: the number of its row."""
    now = session.now()
    columns = {
        "origin": wanted.account.origin,
        "account": wanted.account.fingerprint,
        "key": wanted.key,
        "created": now,
        "attempts": 1,
        **_attempt(wanted, now),
    }
    names, places = ", ".join(columns), ", ".join("?" * len(columns))
    inserted = connection.execute(
        f"INSERT INTO entries ({names}) VALUES ({places})",  # noqa: S608  # names of columns, given above
        tuple(columns.values()),
    )
    return inserted.lastrowid or 0


def _update(session: Session, connection: sqlite3.Connection, row: Row, wanted: Wanted) -> None:
    """Start another attempt under the key; the last outcome moves to the history."""
    columns = {
        **_attempt(wanted, session.now()),
        "attempts": row.entry.attempts + 1,
        "history": json.dumps([*row.entry.history, _past(row.entry)]),
        **dict.fromkeys(("request_id", "cost", "answered", "ended", "output", "files", "error")),
        "purged": 0,
    }
    names = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(
        f"UPDATE entries SET {names} WHERE id = ?",  # noqa: S608  # names of columns, given above
        (*columns.values(), row.number),
    )


def _attempt(wanted: Wanted, now: float) -> dict[str, Any]:
    return {
        "model_id": wanted.model_id,
        "digest": wanted.payload.digest,
        "payload": wanted.payload.text,
        "state": "posting",
        "token": wanted.token,
        "estimate": wanted.estimate,
        "claimed": now,
        "folder": wanted.folder,
    }


def _past(entry: Entry) -> dict[str, Any]:
    return {
        "state": entry.state,
        "claimed_at": entry.claimed_at.isoformat(),
        "request_id": entry.request_id,
        "cost": entry.cost,
        "error": entry.error,
    }


def _charge(
    session: Session, connection: sqlite3.Connection, wanted: Wanted, reserve: int, entry: int
) -> None:
    amounts = (reserve, 0, 0)
    rows.charge(connection, "", wanted.token, wanted.model_id, session.day(), amounts, entry)
