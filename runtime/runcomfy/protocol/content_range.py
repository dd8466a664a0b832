"""Which part of a file an answer holds, and by which mark the rest is known to be of the same file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .http_dates import seconds_between

__all__ = ["ContentRange", "parse_content_range", "validator"]

_CONTENT_RANGE = re.compile(r"bytes +([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.I)
_STRONG = re.compile(r'"[\x21\x23-\x7e]*"')

#: A date is a mark only where the file was that old, in seconds, when it was sent: a file may change
#: twice within the second that a date can tell.
_SETTLED = 60.0


@dataclass(frozen=True, slots=True)
class ContentRange:
    """The part of the file that a body holds: from ``start`` to its end, which is ``total`` if known."""

    start: int
    total: int | None


def parse_content_range(
    status: int, headers: Mapping[str, str], received: int, of: int | None, known_mark: str
) -> ContentRange | str:
    """The part that comes, when ``received`` bytes of a known file are there; or what is wrong.

    >>> parse_content_range(206, {"content-range": "bytes 5-9/10"}, 5, 10, '"v1"')
    Extent(start=5, total=10)
    """
    length = _length(headers)
    if status == 200:
        if (
            known_mark
            and validator(headers) == known_mark
            and None not in (of, length)
            and of != length
        ):
            return "the same file came in another size"
        return ContentRange(0, length)
    if status == 416:
        return "the file host has no such part of the file"
    if status != 206 or not received:
        return "an answer that was not asked for"
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        return "the part that came does not say where it belongs"
    start, end = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    if start != received or end < start or (total is not None and end != total - 1):
        return "another part of the file came than was asked for"
    if length is not None and length != end - start + 1:
        return "the part that came has not the length that it says"
    if validator(headers) not in {"", known_mark} or (of and total and of != total):
        return "the file changed while it came"
    return ContentRange(start, end + 1 if total is None else total)


def validator(headers: Mapping[str, str]) -> str:
    """What tells this version of the file from any other; empty if nothing surely does."""
    etag = headers.get("etag", "").strip()
    if _STRONG.fullmatch(etag):
        return etag
    changed = headers.get("last-modified", "").strip()
    age = seconds_between(changed, headers.get("date", ""))
    return changed if age is not None and age >= _SETTLED else ""


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
