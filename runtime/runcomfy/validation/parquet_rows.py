"""Rows of Parquet files, where pyarrow is installed."""

from __future__ import annotations

from typing import Any

from runcomfy.errors import MissingExtra
from runcomfy.model.json_values import find_non_json, to_plain
from runcomfy.model.violation import Violation

from .cells import CellReader
from .row import Row, RowsUnreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from runcomfy.model.request import Request

__all__ = ["parquet_rows"]

#: Rows that are in memory at a time.
_BATCH = 1_024


def parquet_rows(file: BinaryIO, name: str, cls: type[Request[Any]]) -> Iterator[Row]:
    """The rows of an open Parquet file; a null means that the input is omitted."""
    try:
        from pyarrow import ArrowException  # type: ignore[import-untyped]  # it brings no types
        from pyarrow.parquet import ParquetFile  # type: ignore[import-untyped]  # likewise
    except ImportError:
        raise MissingExtra(f"Reading {name}", "rows") from None
    cells = CellReader(cls)
    number = 0
    try:
        for batch in ParquetFile(file).iter_batches(_BATCH):
            for record in batch.to_pylist():
                number += 1
                yield _row(number, record, cells)
    except (ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise RowsUnreadable(f"{name} is not a complete Parquet file: {reason}") from None


def _row(number: int, record: dict[str, Any], cells: CellReader) -> Row:
    payload = {
        name: cells.read(name, value) if value.__class__ is str else _without_nulls(to_plain(value))
        for name, value in record.items()
        if value is not None
    }
    found: list[Violation] = []
    find_non_json(payload, "", found)
    if found:
        return Row(number, None, found[0])
    return Row(number, payload or None)


def _without_nulls(value: Any) -> Any:
    """The value without the members of structs that are null: Parquet has no other word for "not there"."""
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
