"""Text from anywhere as HTML: escaped, cleaned, bounded. Tables are made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from runcomfy.redaction import clean

__all__ = ["attribute", "facts", "table", "text"]

_LONGEST = 2_000
_LEFT = "text-align:left"
#: Rows of a table; the rest is counted.
_ROWS = 200


def text(value: object, limit: int = _LONGEST) -> str:
    """The value as text between tags, control characters escaped, cut at ``limit`` characters.

    >>> text("<b>")
    '&lt;b&gt;'
    """
    return escape(clean(str(value), limit))


def attribute(value: str) -> str:
    """The value between the quotes of an attribute, whole."""
    return escape(value, quote=True)


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A table with a name and its HTML in each row."""
    rows = "".join(
        f'<tr><th style="{_LEFT}">{text(name)}</th><td style="{_LEFT}">{shown}</td></tr>'
        for name, shown in pairs
    )
    return f"<table>{rows}</table>"


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of texts under headings, at most 200 rows and then how many more there are."""
    head = "".join(f'<th style="{_LEFT}">{text(one)}</th>' for one in headings)
    body = "".join(_row(row) for row in rows[:_ROWS])
    left = len(rows) - _ROWS
    more = f"<div>… and {left:,} more</div>" if left > 0 else ""
    return f"<table><tr>{head}</tr>{body}</table>{more}"


def _row(cells: Sequence[object]) -> str:
    row = "".join(f'<td style="{_LEFT}">{text(one)}</td>' for one in cells)
    return f"<tr>{row}</tr>"
