"""``Entry``: the journal's record of one key; ``Account``: who is billed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from runcomfy.errors import SubmissionUnknown
from runcomfy.redaction import clean

from .states import ENDED, State

__all__ = ["Account", "Entry", "Limits", "SavedFile", "Spend"]

#: Characters of a payload that a message shows.
_SHOWN = 300


class _Revealing(Protocol):
    def reveal(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Account:
    """The billed account: the origin of the service, and a fingerprint of the token."""

    origin: str
    fingerprint: str

    @classmethod
    def of(cls, origin: str, token: _Revealing) -> Account:
        """The account of a token at an origin. The token cannot be found from its fingerprint."""
        digest = hashlib.sha256(b"runcomfy journal\n" + token.reveal().encode())
        return cls(origin, digest.hexdigest()[:16])

    def __str__(self) -> str:
        return f"account {self.fingerprint[:8]}… at {self.origin}"


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file of a result: its URL without a signature, its kind, and where it was saved, if it was.

    That is a ``path``, or the ``address`` of an object in a bucket.
    """

    url: str
    kind: str
    path: Path | None = None
    address: str | None = None

    @property
    def place(self) -> Path | str | None:
        """The path or the address; ``None`` for a file that was not saved."""
        return self.address if self.path is None else self.path


@dataclass(frozen=True, slots=True)
class Spend:
    """Spending in US dollars: ``settled`` for ended requests, ``reserved`` for open ones, and their number."""

    settled: float
    reserved: float
    requests: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets in US dollars, ``None`` if there is none, and the factor by which estimates may be too low."""

    max_cost: float | None
    max_cost_per_day: float | None
    price_margin: float


@dataclass(frozen=True, slots=True)
class Entry:
    """The journal's record of one key. Times are in UTC, amounts in US dollars.

    ``payload`` is the request's payload, with files as digests; ``None`` after a purge.
    """

    key: str
    account: Account
    model_id: str
    state: State
    digest: str
    payload: Mapping[str, Any] | None
    request_id: str | None
    #: How often the key was claimed.
    attempts: int
    #: The estimated cost of the request, and its cost as reported by the service.
    estimate: float | None
    cost: float | None
    created_at: datetime
    #: When the last attempt was claimed, and when its outcome was known.
    claimed_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    #: The output of a request that succeeded, URLs without signatures.
    output: Any = field(repr=False, default=None)
    files: tuple[SavedFile, ...] = ()
    #: The folder for its files, if one was given.
    folder: Path | None = None
    error: str | None = None
    #: Earlier attempts under this key, oldest first.
    history: tuple[Mapping[str, Any], ...] = field(repr=False, default=())
    purged: bool = False
    #: The token of the last claim; only its holder may record the outcome.
    token: str = field(repr=False, default="")

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in ENDED

    @property
    def saved(self) -> bool:
        """Whether there is nothing left to save: each file of the result has a place."""
        return all(file.place is not None for file in self.files)

    @property
    def window(self) -> str:
        """The time of the last attempt in words, to find it in the account."""
        begin = _display_time(self.claimed_at)
        if self.answered_at is None:
            return f"at {begin} or shortly after"
        return f"between {begin} and {_display_time(self.answered_at)}"

    def unknown_error(self) -> SubmissionUnknown:
        """The error for an entry whose submit may have been accepted, with the time and what to check."""
        inputs = "" if self.payload is None else f" with the inputs {_shown(self.payload)}"
        hint = "" if self.error is None else f" ({self.error})"
        candidate = self.request_id or "…"
        return SubmissionUnknown(
            f"{clean(self.key)!r} was submitted {self.window} and its outcome is unknown{hint}: it may "
            "have been accepted and billed. It is not resubmitted. Look in your RunComfy "
            f"account for a request of {clean(self.model_id)} from that time{inputs}. Then settle it: "
            f"journal.resolve({self.key!r:.80}, request_id={candidate!r}, client=client), or "
            f"journal.resolve({self.key!r:.80}, not_sent=True) if it is not there",
            request_id=self.request_id,
            model_id=self.model_id,
        )


def _display_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _shown(payload: Mapping[str, Any]) -> str:
    return clean(", ".join(f"{name}={value!r}" for name, value in payload.items()), _SHOWN)
