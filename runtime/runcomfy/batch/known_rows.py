"""The entries already in the folder's journal, in compact form, read once before a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runcomfy.journal import Account, Entry, Journal

__all__ = ["Known", "known_rows"]


@dataclass(frozen=True, slots=True)
class Known:
    """The parts of an entry that a batch needs."""

    model_id: str
    digest: str
    state: str
    saved: bool
    request_id: str | None
    cost: float | None
    files: tuple[Path, ...]
    error: str | None
    #: How often it was claimed.
    attempts: int = 1
    #: The URLs of files in a bucket.
    objects: tuple[str, ...] = ()

    @classmethod
    def of(cls, entry: Entry) -> Known:
        """The compact form of an entry."""
        files = tuple(file.path for file in entry.files if file.path is not None)
        return cls(
            entry.model_id,
            entry.digest,
            entry.state,
            entry.saved,
            entry.request_id,
            entry.cost,
            files,
            entry.error,
            entry.attempts,
            tuple(file.address for file in entry.files if file.address is not None),
        )


def known_rows(journal: Journal, account: Account) -> Mapping[str, Known]:
    """The entries of an account, by key."""
    return {entry.key: Known.of(entry) for entry in journal.entries(account=account)}
