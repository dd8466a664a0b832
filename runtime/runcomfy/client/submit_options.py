"""``SubmitOptions``: a caller's options for one submit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from runcomfy.errors import ConfigurationError

__all__ = ["SubmitOptions", "refuse_journal_options"]


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """A caller's options for one submit.

    For the journal: the key, whether to resubmit a job that has ended, and where its files go. For the checks: the
    allowed rules, and whether every warning stops the submit.
    """

    key: str | None = None
    again: bool = False
    folder: str | os.PathLike[str] | None = None
    allow: Iterable[str] = ()
    strict: bool | None = None


def refuse_journal_options(
    key: str | None, again: bool, folder: str | os.PathLike[str] | None
) -> None:
    """Raise ``ConfigurationError`` if journal options are given without a journal."""
    if (key, again, folder) != (None, False, None):
        raise ConfigurationError(
            "key, again and folder need a client with a journal: Client(journal=…)"
        )
