"""Recording the outcome of a submit and its request in the entry and its charge."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runcomfy.errors import JobCancelled, JobFailed, JournalError, NotFound

from . import rows
from .budget import micros_of_cost
from .digests import unsigned, unsigned_url
from .entry import Entry, SavedFile
from .rows import Row
from .session import Session
from .states import NEXT, State

__all__ = [
    "Outcome",
    "not_sent",
    "record",
    "record_files",
    "result_columns",
    "submitted",
    "unknown",
]

#: The columns for the two transitions of every paid request, which are frequent in a batch: they read no complete entry.
_CLAIMED = """SELECT id, key, origin, state, request_id FROM entries
    WHERE id = (SELECT entry FROM charges WHERE source = '' AND token = ?) AND token = ?"""
_SUBMITTED = "UPDATE entries SET state = 'submitted', request_id = ?, answered = ?, error = NULL WHERE id = ?"
_REQUESTED = """SELECT id, token, state, estimate, ended, files FROM entries
    WHERE id = (SELECT entry FROM request_ids WHERE origin = ? AND request_id = ?) AND request_id = ?"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended. ``cost`` is the service's unchecked value.

    ``files`` are the URL and the kind of each file. URLs lose their signatures when they are written.
    """

    state: State
    cost: object = None
    output: Any = None
    files: Sequence[tuple[str, str]] = ()
    error: str | None = None

    @classmethod
    def of_error(cls, error: Exception) -> Outcome | None:
        """The outcome that a client error implies; ``None`` if the request may continue."""
        raw = getattr(error, "raw", None)
        cost = raw.get("cost") if isinstance(raw, Mapping) else None
        if isinstance(error, JobFailed):
            return cls("failed", cost, error=error.server_text or error.message)
        if isinstance(error, JobCancelled):
            return cls("cancelled", cost, error=error.message)
        if isinstance(error, NotFound):
            return cls("expired", error="the service no longer knows the request")
        return None


def submitted(
    session: Session, connection: sqlite3.Connection, token: str, request_id: str
) -> Entry | None:
    """Record the request id for a claim. Returns ``None``, or the entry where it is unknown now: another one has that id."""
    found = connection.execute(_CLAIMED, (token, token)).fetchone()
    if found is None:
        raise JournalError(
            "the journal does not have the claim: the key was claimed again, or the journal was replaced"
        )
    number, key, origin, state, known = found
    if state == "submitted" and known == request_id:
        return None
    if "submitted" not in NEXT[state]:
        raise _not_posting(key, state)
    if _own(connection, origin, request_id, number):
        connection.execute(_SUBMITTED, (request_id, session.now(), number))
        return None
    row = rows.row_at(connection, number, session.root)
    other = rows.by_request_id(connection, origin, request_id, session.root)
    assert other is not None  # noqa: S101  # the id is there already
    reason = (
        f"the service returned the request id {request_id}, which {other.entry.key!r} already has"
    )
    rows.move(connection, row, "unknown", error=reason, answered=session.now())
    return rows.row_at(connection, number, session.root).entry


def not_sent(session: Session, connection: sqlite3.Connection, token: str, reason: str) -> None:
    """Free the reservation of a claim: nothing was accepted."""
    row = rows.by_token(connection, token, session.root)
    if row is None or row.entry.state != "posting":
        return
    now = session.now()
    rows.move(connection, row, "not_sent", error=reason, answered=now, ended=now)
    rows.settle(connection, token, None)


def unknown(
    session: Session,
    connection: sqlite3.Connection,
    token: str,
    reason: str,
    request_id: str | None,
) -> None:
    """Record that a submit may have been accepted. Its reservation remains."""
    row = rows.by_token(connection, token, session.root)
    if row is not None and row.entry.state == "posting":
        now = session.now()
        rows.move(connection, row, "unknown", error=reason, answered=now, request_id=request_id)


def settle_unknown(
    session: Session, connection: sqlite3.Connection, row: Row, request_id: str | None
) -> Entry:
    """Record the resolution of an unknown submit: its request id, or that it was not sent."""
    if request_id is not None:
        _submit(session, connection, row, request_id)
    else:
        rows.move(connection, row, "not_sent", request_id=None, ended=session.now())
        rows.settle(connection, row.entry.token, None)
    return rows.row_at(connection, row.number, session.root).entry


def record(
    session: Session, connection: sqlite3.Connection, origin: str, request_id: str, outcome: Outcome
) -> str | None:
    """Record how a request ended. Returns the token of its claim, or ``None`` if the journal does not have it.

    Writing it twice changes nothing, but for a cost that was missing before.
    """
    found = connection.execute(_REQUESTED, (origin, request_id, request_id)).fetchone()
    if found is None:
        return None
    token: str
    number, token, state, estimate, ended, files = found
    known = rows.files_of(files, session.root)
    if outcome.state == "expired" and state == "succeeded" and all(one.place for one in known):
        return token  # there is nothing left to lose
    if outcome.state != state and outcome.state not in NEXT[state]:
        return token
    cost = micros_of_cost(outcome.cost)
    changes: dict[str, Any] = {"state": outcome.state, "error": outcome.error}
    if outcome.state == "succeeded":
        changes["output"], changes["files"] = result_columns(session, outcome, known)
    if cost is not None:
        changes["cost"] = cost
    if ended is None:
        changes["ended"] = session.now()
    rows.change(connection, number, changes)
    _settle(connection, token, estimate, cost)
    return token


def record_files(
    session: Session,
    connection: sqlite3.Connection,
    origin: str,
    request_id: str,
    saved: Sequence[tuple[str, str, Path | str]],
) -> Entry | None:
    """Write where files of a request were saved: the URL, the kind and the path or address of each."""
    row = rows.by_request_id(connection, origin, request_id, session.root)
    if row is None or row.entry.request_id != request_id:
        return None
    places = {unsigned_url(url): (kind, place) for url, kind, place in saved}
    files = [(file.url, file.kind, file.place) for file in row.entry.files]
    known = {url for url, _, _ in files}
    told = [(url, kind, places.get(url, (kind, place))[1]) for url, kind, place in files]
    told += [(url, kind, place) for url, (kind, place) in places.items() if url not in known]
    rows.move(connection, row, row.entry.state, files=_files_text(told, session.root))
    return rows.row_at(connection, row.number, session.root).entry


def _submit(session: Session, connection: sqlite3.Connection, row: Row, request_id: str) -> None:
    """Let an unknown entry be submitted under an id that no entry has."""
    if "submitted" not in NEXT[row.entry.state]:
        raise _not_posting(row.entry.key, row.entry.state)
    _own(connection, row.entry.account.origin, request_id, row.number)
    connection.execute(_SUBMITTED, (request_id, session.now(), row.number))


def _own(connection: sqlite3.Connection, origin: str, request_id: str, number: int) -> bool:
    """Give a request id to an entry. Returns whether it was free."""
    added = connection.execute(
        "INSERT OR IGNORE INTO request_ids VALUES (?, ?, ?)", (origin, request_id, number)
    )
    return added.rowcount == 1


def _not_posting(key: str, state: State) -> JournalError:
    return JournalError(f"{key!r} is {state} and cannot be submitted")


def _settle(
    connection: sqlite3.Connection, token: str, estimate: int | None, cost: int | None
) -> None:
    """Settle a charge at its cost; without one, at the estimate, and for budgets at the reserved amount."""
    if cost is not None:
        rows.settle(connection, token, (0, cost, cost))
        return
    connection.execute(
        "UPDATE charges SET settled = reserved, spent = ?, reserved = 0 "
        "WHERE source = '' AND token = ? AND reserved > 0",
        (estimate or 0, token),
    )


def result_columns(
    session: Session, outcome: Outcome, known: Sequence[SavedFile] = ()
) -> tuple[str, str]:
    """The columns for the output and the files of a result, with the places that are known already."""
    places = {file.url: file.place for file in known}
    told = [(unsigned_url(url), kind) for url, kind in outcome.files]
    files = _files_text([(url, kind, places.get(url)) for url, kind in told], session.root)
    return json.dumps(unsigned(outcome.output)), files


def _files_text(files: Sequence[tuple[str, str, Path | str | None]], root: Path) -> str:
    return rows.files_text(
        {"url": url, "kind": kind, **_place(place, root)} for url, kind, place in files
    )


def _place(place: Path | str | None, root: Path) -> dict[str, str]:
    """Where a file was saved, as it is recorded."""
    if place is None:
        return {}
    return {"address": place} if isinstance(place, str) else {"path": stored_path(place, root)}


def stored_path(path: Path, root: Path) -> str:
    """A path as stored: relative if inside the journal's folder, so that the folder can be moved."""
    whole = path.resolve()
    return str(whole.relative_to(root) if whole.is_relative_to(root) else whole)
