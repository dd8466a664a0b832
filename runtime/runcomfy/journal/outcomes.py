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
from .budget import micros_of_cost, micros_of_estimate
from .digests import unsigned, unsigned_url
from .entry import Entry
from .rows import Row
from .session import Session
from .states import State

__all__ = ["Outcome", "not_sent", "record", "record_files", "submitted", "unknown"]


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
) -> Entry:
    """Record the request id for a claim. An id that another entry already has makes the entry unknown."""
    row = _claimed(session, connection, token)
    if row.entry.state == "submitted" and row.entry.request_id == request_id:
        return row.entry
    other = rows.by_request_id(connection, row.entry.account.origin, request_id, session.root)
    if other is not None:
        reason = f"the service returned the request id {request_id}, which {other.entry.key!r} already has"
        rows.move(connection, row, "unknown", error=reason, answered=session.now())
    else:
        _submit(session, connection, row, request_id)
    return rows.entry_at(connection, row.number, session.root)


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
    return rows.entry_at(connection, row.number, session.root)


def record(
    session: Session, connection: sqlite3.Connection, origin: str, request_id: str, outcome: Outcome
) -> Entry | None:
    """Record how a request ended. Returns the entry, or ``None`` if the journal does not have it.

    Writing it twice changes nothing, but for a cost that was missing before.
    """
    row = rows.by_request_id(connection, origin, request_id, session.root)
    if row is None or row.entry.request_id != request_id:
        return None
    if outcome.state == "expired" and row.entry.state == "succeeded" and row.entry.saved:
        return row.entry  # there is nothing left to lose
    cost = micros_of_cost(outcome.cost)
    changes: dict[str, Any] = {"error": outcome.error}
    if outcome.state == "succeeded":
        changes["output"] = json.dumps(unsigned(outcome.output))
        changes["files"] = _files(row.entry, outcome.files, session.root)
    if cost is not None:
        changes["cost"] = cost
    if row.entry.ended_at is None:
        changes["ended"] = session.now()
    if rows.move(connection, row, outcome.state, **changes):
        _settle(connection, row, cost)
    return rows.entry_at(connection, row.number, session.root)


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
    return rows.entry_at(connection, row.number, session.root)


def _claimed(session: Session, connection: sqlite3.Connection, token: str) -> Row:
    row = rows.by_token(connection, token, session.root)
    if row is None:
        raise JournalError(
            "the journal does not have the claim: the key was claimed again, or the journal was replaced"
        )
    return row


def _submit(session: Session, connection: sqlite3.Connection, row: Row, request_id: str) -> None:
    if not rows.move(
        connection, row, "submitted", request_id=request_id, answered=session.now(), error=None
    ):
        raise JournalError(f"{row.entry.key!r} is {row.entry.state} and cannot be submitted")
    connection.execute(
        "INSERT INTO request_ids VALUES (?, ?, ?)",
        (row.entry.account.origin, request_id, row.number),
    )


def _settle(connection: sqlite3.Connection, row: Row, cost: int | None) -> None:
    """Settle a charge at its cost; without one, at the estimate, and for budgets at the reserved amount."""
    if cost is not None:
        rows.settle(connection, row.entry.token, (0, cost, cost))
        return
    estimate = micros_of_estimate(row.entry.estimate) or 0
    connection.execute(
        "UPDATE charges SET settled = reserved, spent = ?, reserved = 0 "
        "WHERE source = '' AND token = ? AND reserved > 0",
        (estimate, row.entry.token),
    )


def _files(entry: Entry, files: Sequence[tuple[str, str]], root: Path) -> str:
    """The column for the files of a result, with the places that are known already."""
    places = {file.url: file.place for file in entry.files}
    told = [(unsigned_url(url), kind) for url, kind in files]
    return _files_text([(url, kind, places.get(url)) for url, kind in told], root)


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
