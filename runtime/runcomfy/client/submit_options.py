"""``SubmitOptions``: what a caller says about the journal."""

from __future__ import annotations

import os
from dataclasses import dataclass

from runcomfy.errors import ConfigurationError

__all__ = ["SubmitOptions"]


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """What a caller says about the journal: the key, whether to repeat what has ended, where files go."""

    key: str | None = None
    again: bool = False
    folder: str | os.PathLike[str] | None = None

    def require_journal(self) -> None:
        """Raise where a client without a journal is told something for one."""
        if self != SubmitOptions():
            raise ConfigurationError(
                "key, again and folder need a client with a journal: Client(journal=…)"
            )
