"""Parsing of HTTP dates, and the difference between two of them."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

__all__ = ["seconds_between"]

#: Characters of a date; the longest form of HTTP has 33.
_LONGEST = 64


def seconds_between(earlier: str, later: str) -> float | None:
    """Seconds from one HTTP date to another; ``None`` if either is not a date.

    >>> seconds_between("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:30 GMT")
    30.0
    """
    start, end = _parse(earlier), _parse(later)
    if start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None):
        return None
    return (end - start).total_seconds()


def _parse(text: str) -> datetime | None:
    if not 0 < len(text) <= _LONGEST:
        return None
    try:
        return parsedate_to_datetime(text)
    except Exception:  # noqa: BLE001  # it raises errors that it does not document, OverflowError among them
        return None
