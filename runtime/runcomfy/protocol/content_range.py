"""The part of a file that a response contains, and the validator that identifies the file's version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .http_dates import seconds_between

__all__ = [
    "RangeHeader",
    "RestOfFile",
    "content_length",
    "read_range_header",
    "rest_of_file",
    "validator",
]

_CONTENT_RANGE = re.compile(
    r"bytes +(?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18}|\*)", re.IGNORECASE
)
_STRONG = re.compile(r'"[\x21\x23-\x7e]*"')

#: The age in seconds from which ``Last-Modified`` is a strong validator: a younger file may change twice
#: within one second.
_SETTLED = 60.0


@dataclass(frozen=True, slots=True)
class RangeHeader:
    """A parsed ``Content-Range``: first byte, last byte, and total size.

    ``None`` stands for ``*``; ``first`` and ``last`` are ``None`` together.
    """

    first: int | None
    last: int | None
    total: int | None

    @property
    def makes_sense(self) -> bool:
        """Whether the range is non-empty and inside the file."""
        if self.first is None or self.last is None:
            return True
        return self.first <= self.last and (self.total is None or self.last < self.total)


def read_range_header(headers: Mapping[str, str]) -> RangeHeader | None:
    """Parse ``Content-Range``; ``None`` if it is invalid.

    >>> read_range_header({"content-range": "bytes 5-9/10"})
    RangeHeader(first=5, last=9, total=10)
    """
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        return None
    first, last, total = (None if one in (None, "*") else int(one) for one in match.groups())
    return RangeHeader(first, last, total)


def content_length(headers: Mapping[str, str]) -> int | None:
    """The length of the body according to its headers, or ``None``."""
    text = headers.get("content-length", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@dataclass(frozen=True, slots=True)
class RestOfFile:
    """The part of the file in a body: from ``start`` to its end."""

    start: int
    total: int | None


def rest_of_file(
    status: int, headers: Mapping[str, str], received: int, of: int | None, known_mark: str
) -> RestOfFile | str:
    """The part that a response contains after ``received`` bytes, or the reason why it is unusable.

    >>> rest_of_file(206, {"content-range": "bytes 5-9/10"}, 5, 10, '"v1"')
    RestOfFile(start=5, total=10)
    """
    length = content_length(headers)
    if status == 200:
        if (
            known_mark
            and validator(headers) == known_mark
            and None not in (of, length)
            and of != length
        ):
            return "the size of the file changed"
        return RestOfFile(0, length)
    if status == 416:
        return "the file host has no such part of the file"
    if status != 206 or not received:
        return "an unexpected response"
    said = read_range_header(headers)
    if said is None or said.first is None or said.last is None:
        return "the response does not report which part of the file it contains"
    start, end, total = said.first, said.last, said.total
    if start != received or not said.makes_sense or (total is not None and end != total - 1):
        return "the response contains a different part of the file than requested"
    if length is not None and length != end - start + 1:
        return "the length of the part does not match its Content-Range"
    if validator(headers) not in {"", known_mark} or (of and total and of != total):
        return "the file changed during the download"
    return RestOfFile(start, end + 1 if total is None else total)


def validator(headers: Mapping[str, str]) -> str:
    """The strong validator of this version of the file; empty if there is none."""
    etag = headers.get("etag", "").strip()
    if _STRONG.fullmatch(etag):
        return etag
    changed = headers.get("last-modified", "").strip()
    age = seconds_between(changed, headers.get("date", ""))
    return changed if age is not None and age >= _SETTLED else ""
