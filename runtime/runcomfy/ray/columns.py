"""Columns of Arrow tables: reading payloads and addresses from them, and adding columns to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runcomfy.errors import ConfigurationError
from runcomfy.validation.cells import CellReader
from runcomfy.validation.parquet_rows import rows_of
from runcomfy.validation.row_lines import line_of, set_aside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runcomfy.model.request import Request
    from runcomfy.validation.scanner import Line

__all__ = ["add_columns", "column_of", "in_utf8", "is_text", "payload_lines"]


def column_of(table: Any, name: str) -> Any:
    """The column as one array. Raises ``ConfigurationError`` if there is none of this name, or two."""
    places = table.schema.get_all_field_indices(name)
    if len(places) != 1:
        there = ", ".join(table.schema.names) or "none"
        raise ConfigurationError(
            f"the dataset has {len(places)} columns {name!r}; its columns are: {there:.500}"
        )
    import pyarrow  # type: ignore[import-untyped]  # it brings no types

    whole = table.column(places[0]).combine_chunks()
    if isinstance(whole, pyarrow.ChunkedArray):  # of a table without rows, or of more than 2 GiB
        whole = (
            pyarrow.concat_arrays(whole.chunks) if whole.chunks else pyarrow.array([], whole.type)
        )
    return whole.dictionary_decode() if pyarrow.types.is_dictionary(whole.type) else whole


def is_text(kind: Any) -> bool:
    """Whether a column of this type holds strings or bytes."""
    from pyarrow import types

    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    )


def in_bytes(column: Any) -> list[bytes | None]:
    """The values of a column of texts as bytes: Arrow does not promise that they are UTF-8."""
    import pyarrow

    large = pyarrow.types.is_large_string(column.type) or pyarrow.types.is_large_binary(column.type)
    values: list[bytes | None] = column.cast(
        pyarrow.large_binary() if large else pyarrow.binary()
    ).to_pylist()
    return values


def payload_lines(
    table: Any, cls: type[Request[Any]], column: str | None, ignore: tuple[str, ...]
) -> list[Line]:
    """One JSON line per row: the string in the column, or the payload from a struct or from all columns."""
    import pyarrow

    if column is None:
        for name in table.schema.names:
            column_of(table, name)  # no two have one name
        return _lines(table.to_batches(), cls, ignore)
    values = column_of(table, column)
    if is_text(values.type):
        return [value or b"" for value in in_bytes(values)]
    if pyarrow.types.is_null(values.type):
        return [b""] * len(values)
    if not pyarrow.types.is_struct(values.type):
        raise ConfigurationError(
            f"column {column!r} is of type {values.type!s:.200}; payloads must be JSON strings or structs"
        )
    return _lines([pyarrow.RecordBatch.from_struct_array(values)], cls, ignore)


def _lines(batches: Iterable[Any], cls: type[Request[Any]], ignore: tuple[str, ...]) -> list[Line]:
    cells = CellReader(cls)
    rows = (row for batch in batches for row in rows_of(batch, cells))
    return [line_of(set_aside(row, ignore)) for row in rows]


def in_utf8(text: str) -> str:
    """The string without lone surrogates, which JSON can represent and Arrow cannot."""
    return text.encode("utf-8", "backslashreplace").decode()


def add_columns(table: Any, columns: dict[str, Any]) -> Any:
    """The table with more columns. Raises ``ConfigurationError`` for a name that it has already."""
    for name, values in columns.items():
        if name in table.schema.names:
            raise ConfigurationError(
                f"the dataset has a column {name!r} already; rename or drop it first"
            )
        table = table.append_column(name, values)
    return table
