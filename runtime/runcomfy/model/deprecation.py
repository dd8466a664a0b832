"""The warning about a deprecated model: once per class, at the user's line that creates a request."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn_once"]

_OURS = ("runcomfy.", "runcomfy_models.")
_warned: set[type] = set()


def warn_once(cls: type, words: str) -> None:
    """Warn with ``DeprecationWarning``, the first time for each class."""
    if cls not in _warned:
        _warned.add(cls)
        warnings.warn(words, DeprecationWarning, stacklevel=_level_of_the_user())


def _level_of_the_user() -> int:
    """The stack level of the first frame outside this library, for the warning's location."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OURS):
        frame, level = frame.f_back, level + 1
    return level
