"""``Repeats``: how often keys had been claimed when their repetition was decided."""

from __future__ import annotations

from dataclasses import replace

from .grants import Wanted

__all__ = ["Repeats"]


class Repeats:
    """Limits each repetition to one claim, whoever else has decided to repeat the same request."""

    def __init__(self) -> None:
        self._attempts: dict[str, int] = {}

    def once(self, key: str, attempts: int) -> None:
        """Repeat the request under this key only while it was claimed so many times."""
        self._attempts[key] = attempts

    def counted(self, wanted: Wanted) -> Wanted:
        """The claim, with that number if its key is to be repeated."""
        attempts = self._attempts.get(wanted.key)
        return wanted if attempts is None else replace(wanted, repeats=attempts)
