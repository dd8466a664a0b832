"""Rows of CSV and TSV files, as written by spreadsheets and programs."""

from __future__ import annotations

import csv
import re
from functools import partial
from itertools import chain
from typing import Any

from runcomfy.model.violation import Violation

from .bounded_lines import LONGEST, bounded_lines
from .cells import CellReader
from .row import InputRow, RowsUnreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

    from runcomfy.model.request import Request

__all__ = ["csv_rows", "tsv_rows"]

_SAVE = 'save it as "CSV UTF-8"'
#: Where a line ends with a carriage return alone, as in files of old Macs: the module's reader wants lines of their own.
_AFTER_RETURN = re.compile(r"(?<=\r)(?=[^\n])")


def _table(
    file: BinaryIO,
    name: str,
    cls: type[Request[Any]],
    inputs: Mapping[str, str],
    *,
    delimiter: str | None,
) -> Iterator[InputRow]:
    # A data URI may be long. The module's own limit is one for the whole program.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    lines = _texts(file, name)
    first = next(lines, "")
    if named := re.fullmatch(r"sep=(.)\r?\n?", first):  # Excel's own way to name it
        delimiter, first = named[1], next(lines, "")
    delimiter = delimiter or _delimiter(first)
    reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
    try:
        names = _header(next(reader, []), name)
        cells = CellReader(cls, decimal_comma=delimiter == ";", names=inputs)
        for number, texts in enumerate(reader, 1):
            yield _row(number, names, texts, cells)
    except csv.Error as error:
        why = "a carriage return in a cell without quotes" if "new-line" in str(error) else error
        place = f"{name}, line {reader.line_num}"
        raise RowsUnreadable(f"{place}: {why}; check its quotes and line endings") from None


csv_rows = partial(_table, delimiter=None)
tsv_rows = partial(_table, delimiter="\t")


def _texts(file: BinaryIO, name: str) -> Iterator[str]:
    """The lines, decoded one by one, so that a fault has its place.

    A carriage return alone ends a line in a file without line feeds. In others it may be part of a cell, and one row must
    not become two, which would both be paid.
    """
    old_ends = False
    for number, line in enumerate(bounded_lines(file, name, _SAVE), 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            byte = f"byte 0x{line[error.start]:02x}"
            raise RowsUnreadable(f"{name}, line {number}: {byte} is not UTF-8; {_SAVE}") from None
        if number == 1:
            old_ends = "\n" not in text
        yield from _AFTER_RETURN.split(text) if old_ends else (text,)


def _delimiter(header: str) -> str:
    """The one that the header has most of, outside of quotes."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=bare.count)


def _header(cells: list[str], name: str) -> list[str]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:  # a spreadsheet adds columns without a name
        names.pop()
    if not names:
        raise RowsUnreadable(f"{name} has no header: its first line must name the inputs")
    for place, one in enumerate(names, 1):
        if not one:
            raise RowsUnreadable(f"{name}: column {place} of the header has no name")
        if names.count(one) > 1:
            raise RowsUnreadable(f"{name}: the header has {one!r} twice")
    return names


def _row(number: int, names: list[str], texts: list[str], cells: CellReader) -> InputRow:
    if not any(texts):
        return InputRow(number, None)
    if any(texts[len(names) :]):
        message = f"has {len(texts)} cells, but the header has {len(names)}"
        return InputRow(
            number, None, Violation("", "syntax", ", ".join(texts)[:200], len(names), message)
        )
    given = zip(names, texts, strict=False)
    return InputRow(number, {name: cells.read(name, text) for name, text in given if text})
