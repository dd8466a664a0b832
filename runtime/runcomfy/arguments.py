"""When a call ends that may take so many seconds."""

from __future__ import annotations

from time import monotonic

from .errors import ConfigurationError

__all__ = ["deadline"]


def deadline(timeout: float | None) -> float | None:
    """When a call ends that starts now, on the monotonic clock; ``None`` for never.

    Raises ``ConfigurationError`` for what is no number of seconds.
    """
    if timeout is None:
        return None
    number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    if not number or timeout != timeout:  # only NaN differs from itself
        raise ConfigurationError(
            f"timeout must be a number of seconds, or None for no limit; got {timeout!r:.80}"
        )
    return monotonic() + timeout
