"""Functions of the caller's that are told how far a call got."""

from __future__ import annotations

from .errors import ConfigurationError

__all__ = ["check_callback"]


def check_callback(name: str, given: object) -> None:
    """Refuse what cannot be called: the first status comes when the request runs, and is billed."""
    if given is not None and not callable(given):
        raise ConfigurationError(f"{name} must be a function, got {given!r:.80}")
