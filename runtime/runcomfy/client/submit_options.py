"""``SubmitOptions``: a caller's options for one submit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from runcomfy.errors import ConfigurationError

__all__ = ["SubmitOptions"]


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """A caller's options for one submit.

    To the journal: the key, whether to repeat what has ended, where files go. To the checks before it: the rules
    that are allowed, and whether every warning stops it.
    """

    key: str | None = None
    again: bool = False
    folder: str | os.PathLike[str] | None = None
    allow: Iterable[str] = ()
    strict: bool | None = None

    def require_journal(self) -> None:
        """Raise ``ConfigurationError`` if journal options are given without a journal."""
        if (self.key, self.again, self.folder) != (None, False, None):
            raise ConfigurationError(
                "key, again and folder need a client with a journal: Client(journal=…)"
            )
