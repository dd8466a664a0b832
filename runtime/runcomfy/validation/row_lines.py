"""Rows of other formats as lines of JSON, for the scanner."""

from __future__ import annotations

import json

from .scanner import FaultyLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from .row import InputRow
    from .scanner import Line

__all__ = ["line_of", "set_aside"]


def line_of(row: InputRow) -> Line:
    """The row as a line: blank for a blank one, and one with the fault for a row that could not be read."""
    if row.fault:
        return FaultyLine(row.fault)
    return b"" if row.payload is None else json.dumps(row.payload).encode()


def set_aside(row: InputRow, ignore: Collection[str]) -> InputRow:
    """The row, with the members to ``ignore`` in its ``extra`` instead of its payload."""
    if row.payload and ignore:
        row.extra = {key: row.payload.pop(key) for key in ignore if key in row.payload}
    return row
