"""The three writes of every paid request, for many requests at once: its claim, its id, its end.

SQLite releases the interpreter's lock for each statement, and the event loop holds it by then: getting it back costs more than
the statement. So a group of a batch has one statement for many rows. Only plain cases are written here, such as the claim
of a new key; all others are left to ``grants`` and ``outcomes``, which write one row each.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from . import outcomes
from .budget import micros_of_cost
from .entry import Entry
from .grants import Wanted, grant
from .grouped_commits import JointWrite
from .outcomes import Outcome
from .session import Session

__all__ = ["ClaimWrite", "EndWrite", "IdWrite"]

#: ``UPDATE … FROM`` and the JSON functions are there in every later SQLite.
_CAN = sqlite3.sqlite_version_info >= (3, 38)

_HAVE = """SELECT json_group_array(j.key) FROM json_each(?) AS j CROSS JOIN entries AS e
    WHERE e.origin = ? AND e.account = ? AND e.key = j.value"""
_CLAIM = """INSERT INTO entries
    (id, origin, account, created, claimed, state, attempts, key, model_id, digest, payload, token, estimate, folder)
    SELECT j.key + ?, ?, ?, ?, ?, 'posting', 1, json_extract(j.value, '$[0]'), json_extract(j.value, '$[1]'),
        json_extract(j.value, '$[2]'), json_extract(j.value, '$[3]'), json_extract(j.value, '$[4]'),
        json_extract(j.value, '$[5]'), json_extract(j.value, '$[6]') FROM json_each(?) AS j"""
_RESERVE = """INSERT INTO charges (source, day, settled, spent, entry, token, model_id, reserved)
    SELECT '', ?, 0, 0, j.key + ?, json_extract(j.value, '$[4]'), json_extract(j.value, '$[1]'),
        json_extract(j.value, '$[7]') FROM json_each(?) AS j"""

_CLAIMED = """SELECT json_group_array(json_array(j.key, e.id, e.origin)) FROM json_each(?) AS j
    CROSS JOIN charges AS c ON c.source = '' AND c.token = j.value
    CROSS JOIN entries AS e ON e.id = c.entry AND e.token = c.token AND e.state = 'posting'"""
_OWN = """INSERT OR IGNORE INTO request_ids (entry, request_id, origin)
    SELECT json_extract(j.value, '$[0]'), json_extract(j.value, '$[1]'), json_extract(j.value, '$[2]')
    FROM json_each(?) AS j"""
_SUBMIT = """UPDATE entries SET state = 'submitted', error = NULL, answered = ?, request_id = json_extract(j.value, '$[1]')
    FROM json_each(?) AS j WHERE entries.id = json_extract(j.value, '$[0]')"""

_REQUESTED = """SELECT json_group_array(json_array(j.key, e.id, e.token, e.estimate)) FROM json_each(?) AS j
    CROSS JOIN request_ids AS r ON r.origin = json_extract(j.value, '$[0]') AND r.request_id = json_extract(j.value, '$[1]')
    CROSS JOIN entries AS e ON e.id = r.entry AND e.request_id = r.request_id
    WHERE e.state = 'submitted' AND e.ended IS NULL AND e.files IS NULL"""
_END = """UPDATE entries SET state = 'succeeded', error = NULL, ended = ?, output = json_extract(j.value, '$[2]'),
    files = json_extract(j.value, '$[3]'), cost = json_extract(j.value, '$[4]')
    FROM json_each(?) AS j WHERE entries.id = json_extract(j.value, '$[0]')"""
_SETTLE = """UPDATE charges SET settled = coalesce(json_extract(j.value, '$[4]'), reserved),
    spent = coalesce(json_extract(j.value, '$[4]'), json_extract(j.value, '$[5]')), reserved = 0
    FROM json_each(?) AS j
    WHERE source = json_extract(j.value, '$[6]') AND token = json_extract(j.value, '$[1]')"""  # a literal '' scans the table


@dataclass(frozen=True, slots=True)
class ClaimWrite(JointWrite):
    """Claims a key: ``None`` if it is granted, else the existing entry."""

    order: ClassVar[int] = 2
    session: Session
    wanted: Wanted

    def __call__(self, connection: sqlite3.Connection) -> Entry | None:
        """Do it alone."""
        self.session.locks.require_in_place()
        return grant(self.session, connection, self.wanted)

    @classmethod
    def together(
        cls, connection: sqlite3.Connection, writes: Sequence[ClaimWrite]
    ) -> Mapping[int, None]:
        """Grant the claims of keys that the journal does not have, as far as the budgets allow it."""
        session, account = writes[0].session, writes[0].wanted.account
        new = _new_keys(connection, [one.wanted for one in writes])
        if not new:
            return {}
        session.locks.require_in_place()
        session.require_account(connection, account)
        budget, day, now = session.budget(connection), session.day(), session.now()
        room = budget.room(connection, day)
        granted: dict[int, None] = {}
        values: list[tuple[Any, ...]] = []
        for number, wanted in new.items():
            reserve = budget.reserve(wanted.estimate)
            if room is not None:
                if wanted.estimate is None or reserve > room:
                    continue  # it is refused, with the reason, where it is written alone
                room -= reserve
            granted[number] = None
            values.append((*_columns(wanted), reserve))
        rows = json.dumps(values)
        (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM entries").fetchone()
        connection.execute(_CLAIM, (last + 1, account.origin, account.fingerprint, now, now, rows))
        connection.execute(_RESERVE, (day, last + 1, rows))
        return granted


def _columns(wanted: Wanted) -> tuple[str | int | None, ...]:
    """The columns of a claim, in the order in which ``_CLAIM`` takes them."""
    described = wanted.payload
    return (
        wanted.key,
        wanted.model_id,
        described.digest,
        described.text,
        wanted.token,
        wanted.estimate,
        wanted.folder,
    )


def _new_keys(connection: sqlite3.Connection, wants: Sequence[Wanted]) -> dict[int, Wanted]:
    """The claims of the first one's account whose keys the journal does not have, by number."""
    account = wants[0].account
    new: dict[str, int] = {}
    for number, wanted in enumerate(wants):
        if wanted.account == account and _is_plain(wanted.key, wanted.model_id, wanted.folder):
            new.setdefault(wanted.key, number)
    if not _CAN:
        return {}
    keys = [*new]
    for place in _found(connection, _HAVE, json.dumps(keys), account.origin, account.fingerprint):
        del new[keys[place]]
    return {number: wants[number] for number in new.values()}


@dataclass(frozen=True, slots=True)
class IdWrite(JointWrite):
    """Records the request id for a claim: ``None``, or the entry if another one has that id."""

    order: ClassVar[int] = 0
    session: Session
    token: str
    request_id: str

    def __call__(self, connection: sqlite3.Connection) -> Entry | None:
        """Do it alone."""
        return outcomes.submitted(self.session, connection, self.token, self.request_id)

    @classmethod
    def together(
        cls, connection: sqlite3.Connection, writes: Sequence[IdWrite]
    ) -> Mapping[int, None]:
        """Record the ids of claims that are posting."""
        plain = [n for n, one in enumerate(writes) if _CAN and _is_plain(one.request_id)]
        if not plain:
            return {}
        tokens = [writes[number].token for number in plain]
        written: dict[int, None] = {}
        values: list[tuple[int, str, str]] = []
        for place, entry, origin in _found(connection, _CLAIMED, json.dumps(tokens)):
            written[plain[place]] = None
            values.append((entry, writes[plain[place]].request_id, origin))
        rows = json.dumps(values)
        if connection.execute(_OWN, (rows,)).rowcount != len(values):
            raise ValueError("an entry has that id already")  # so each is written alone
        connection.execute(_SUBMIT, (writes[0].session.now(), rows))
        return written


@dataclass(frozen=True, slots=True)
class EndWrite(JointWrite):
    """Records how a request ended: the token of its claim, or ``None`` if the journal does not have it."""

    order: ClassVar[int] = 1
    session: Session
    origin: str
    request_id: str
    outcome: Outcome

    def __call__(self, connection: sqlite3.Connection) -> str | None:
        """Do it alone."""
        return outcomes.record(self.session, connection, self.origin, self.request_id, self.outcome)

    @classmethod
    def together(
        cls, connection: sqlite3.Connection, writes: Sequence[EndWrite]
    ) -> Mapping[int, str]:
        """Record the results of submitted requests."""
        session = writes[0].session
        first: dict[tuple[str, str], int] = {}
        for number, one in enumerate(writes):
            if _CAN and one.outcome.state == "succeeded" and one.outcome.error is None:
                first.setdefault((one.origin, one.request_id), number)
        if not first:
            return {}
        numbers = [*first.values()]
        tokens: dict[int, str] = {}
        values: list[tuple[Any, ...]] = []
        for place, entry, token, estimate in _found(connection, _REQUESTED, json.dumps([*first])):
            number = numbers[place]
            tokens[number] = token
            output, files = outcomes.result_columns(session, writes[number].outcome)
            cost = micros_of_cost(writes[number].outcome.cost)
            values.append((entry, token, output, files, cost, estimate or 0, ""))
        rows = json.dumps(values)
        connection.execute(_END, (session.now(), rows))
        connection.execute(_SETTLE, (rows,))
        return tokens


def _found(connection: sqlite3.Connection, query: str, *values: str) -> list[Any]:
    """The rows of a query, which it returns as one JSON array: fetching each releases the lock as well."""
    (text,) = connection.execute(query, values).fetchone()
    found: list[Any] = json.loads(text)
    return found


def _is_plain(*texts: str | None) -> bool:
    """Whether SQLite's JSON functions return these texts as they are: null characters and lone surrogates would be changed."""
    return all(text is None or text.isprintable() for text in texts)
