"""Rows of Parquet files, where pyarrow is installed."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any

from runcomfy.errors import MissingExtra, RunComfyError
from runcomfy.model.json_values import find_non_json, to_plain
from runcomfy.model.violation import Violation

from .cells import CellReader
from .executor import ScanTask, model_of, scan_lines
from .json_text import NotJSON
from .row import InputRow, RowsUnreadable
from .row_lines import line_of, set_aside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

    from runcomfy.model.request import Request

    from .chunks import Chunk
    from .scanner import Line, LineScan

    #: Opens a file by its path, or an object by its URL.
    Opener = Callable[[str], BinaryIO]

__all__ = ["ParquetLines", "parquet_rows", "rows_of", "scan_row_group"]

#: Rows that are in memory at a time.
_BATCH = 1_024


def parquet_rows(
    file: BinaryIO, name: str, cls: type[Request[Any]], inputs: Mapping[str, str]
) -> Iterator[InputRow]:
    """The rows of an open Parquet file; a null means that the input is omitted."""
    return _rows(file, name, CellReader(cls, names=inputs))


class ParquetLines:
    """Iterates over the rows of a Parquet file as lines. ``chunks`` are its row groups, as work for other processes."""

    def __init__(
        self, name: str, cls: type[Request[Any]], ignore: tuple[str, ...], opener: Opener
    ) -> None:
        self._name = name
        self._cls = cls
        self._ignore = ignore
        self._open = opener

    def __iter__(self) -> Iterator[Line]:
        with self._open(self._name) as file:
            for row in _rows(file, self._name, CellReader(self._cls)):
                yield line_of(set_aside(row, self._ignore))

    def chunks(self) -> Iterator[Chunk]:
        """A function for workers and its arguments, row group by row group."""
        with self._open(self._name) as file, _reading(self._name) as parquet_file:
            groups, size = parquet_file(file).num_row_groups, file.seek(0, os.SEEK_END)
        for group in range(groups):
            yield scan_row_group, (self._open, self._name, size, group, self._ignore)


def scan_row_group(
    task: ScanTask, opener: Opener, name: str, size: int, group: int, ignore: tuple[str, ...]
) -> LineScan:
    """Scan the rows of one row group. ``size`` is the expected size of the file."""
    with opener(name) as file:
        if file.seek(0, os.SEEK_END) != size:
            raise RowsUnreadable(f"{name} was replaced while it was read; run it again")
        rows = _rows(file, name, CellReader(model_of(task)), [group])
        return scan_lines(task, (line_of(set_aside(row, ignore)) for row in rows))


def _rows(
    file: BinaryIO, name: str, cells: CellReader, groups: list[int] | None = None
) -> Iterator[InputRow]:
    number = 0
    with _reading(name) as parquet_file:
        for batch in parquet_file(file).iter_batches(_BATCH, row_groups=groups):
            yield from rows_of(batch, cells, number)
            number += batch.num_rows


@contextmanager
def _reading(name: str) -> Iterator[Any]:
    """The class that reads Parquet files; an unreadable file raises ``RowsUnreadable``."""
    try:
        from pyarrow import ArrowException  # type: ignore[import-untyped]  # it brings no types
        from pyarrow.parquet import ParquetFile  # type: ignore[import-untyped]  # likewise
    except ImportError:
        raise MissingExtra(f"Reading {name}", "rows") from None
    try:
        yield ParquetFile
    except (ArrowException, OSError) as error:
        if isinstance(error, RunComfyError):
            raise
        reason = str(error).splitlines()[0]
        raise RowsUnreadable(f"{name} is not a complete Parquet file: {reason}") from None


def rows_of(batch: Any, cells: CellReader, before: int = 0) -> Iterator[InputRow]:
    """The rows of an Arrow batch, numbered from ``before`` on: texts are cells, and a null is no input."""
    try:
        records = batch.to_pylist()
    except (ValueError, OverflowError):  # a text that is not UTF-8, a date that no calendar has
        records = [_one(batch.slice(index, 1)) for index in range(batch.num_rows)]
    for number, record in enumerate(records, before + 1):
        if isinstance(record, InputRow):
            record.number = number
            yield record
        else:
            yield _row(number, record, cells)


def _one(batch: Any) -> dict[str, Any] | InputRow:
    """The only record of a batch, or a row that says why there is none."""
    try:
        record: dict[str, Any] = batch.to_pylist()[0]
    except UnicodeDecodeError:
        return InputRow(0, None, NotJSON("the text is not UTF-8").violation(""))
    except (ValueError, OverflowError) as error:
        return InputRow(0, None, NotJSON(str(error).partition("\n")[0][:200]).violation(""))
    return record


def _row(number: int, record: dict[str, Any], cells: CellReader) -> InputRow:
    payload = {
        name: cells.read(name, value) if value.__class__ is str else _without_nulls(to_plain(value))
        for name, value in record.items()
        if value is not None
    }
    found: list[Violation] = []
    find_non_json(payload, "", found)
    if found:
        return InputRow(number, None, found[0])
    return InputRow(number, payload or None)


def _without_nulls(value: Any) -> Any:
    """The value without the members of structs that are null: Parquet has no other word for "not there"."""
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
