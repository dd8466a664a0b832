"""The journal: a record of every submit, so that nothing is paid twice and no paid result is lost."""

from __future__ import annotations

from .claims import Claim
from .digests import Described, describe
from .entry import Account, Entry, Limits, SavedFile, Spend
from .grants import Wanted
from .journal import Journal, default_path
from .outcomes import Outcome
from .recovery import Recovery, RecoveryClient
from .states import State

__all__ = [
    "Account",
    "Claim",
    "Described",
    "Entry",
    "Journal",
    "Limits",
    "Outcome",
    "Recovery",
    "RecoveryClient",
    "SavedFile",
    "Spend",
    "State",
    "Wanted",
    "default_path",
    "describe",
]
