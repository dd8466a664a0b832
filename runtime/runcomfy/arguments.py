"""Checking what callers give: timeouts, callbacks, paths."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic

from .errors import ConfigurationError

__all__ = ["check_callback", "deadline", "whole_path"]

#: Seconds beyond which a timeout is none: ten years. The system's clocks cannot wait for ever.
_LONGEST = 3.2e8


def deadline(timeout: float | None) -> float | None:
    """When a call ends that starts now, on the monotonic clock; ``None`` for never, as with ten years or more.

    Raises ``ConfigurationError`` for what is no number of seconds.
    """
    if timeout is None:
        return None
    number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    if not number or timeout != timeout:  # only NaN differs from itself
        raise ConfigurationError(
            f"timeout must be a number of seconds, or None for no limit; got {timeout!r:.80}"
        )
    return None if timeout > _LONGEST else monotonic() + max(timeout, -_LONGEST)


def check_callback(name: str, given: object, *, blocking: bool = False) -> None:
    """Refuse what cannot be called: the first status comes when the request runs, and is billed."""
    if given is not None and not callable(given):
        raise ConfigurationError(f"{name} must be a function, got {given!r:.80}")
    if blocking and given is not None:
        from inspect import isasyncgenfunction, iscoroutinefunction

        call = getattr(given, "__call__", None)  # noqa: B004  # the method is looked into, not called
        if any(
            is_async(one)
            for is_async in (iscoroutinefunction, isasyncgenfunction)
            for one in (given, call)
        ):
            raise ConfigurationError(
                f"{name} must be a plain function: Client does not await; AsyncClient accepts both"
            )


def whole_path(name: str, given: str | os.PathLike[str]) -> Path:
    """The absolute path, links followed. A link that leads to itself is kept, and opening it fails.

    Raises ``ConfigurationError`` for what cannot be a path.
    """
    try:
        return Path(os.path.realpath(given))
    except (
        TypeError,
        ValueError,
        OSError,
    ) as error:  # no text; a null character; a working directory that is gone
        raise ConfigurationError(f"{name} is not a usable path: {given!r:.200} ({error})") from None
