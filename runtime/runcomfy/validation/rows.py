"""Rows of a file as payloads: JSON Lines, CSV, TSV and Parquet, read in chunks."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from runcomfy.buckets.opening import is_bucket_url
from runcomfy.errors import RunComfyError
from runcomfy.model.violation import Violation

from .bounded_lines import bounded_lines
from .byte_ranges import on_disk
from .json_text import NotJSON, read_json
from .lines import LineReports, validate_lines
from .row import InputRow, RowsUnreadable
from .row_lines import line_of, set_aside
from .validate import model_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
    from typing import BinaryIO

    from runcomfy.media.probe import Source
    from runcomfy.media.remote import RemoteLimits
    from runcomfy.model.request import Request

    from .report import Report
    from .scanner import Line
    from .validate import Model

    #: Reads the open file; the name is for messages. The mapping has the inputs of columns that are named otherwise.
    Reader = Callable[[BinaryIO, str, type[Request[Any]], Mapping[str, str]], Iterable["InputRow"]]

__all__ = [
    "FORMATS",
    "InputRow",
    "RowsUnreadable",
    "format_of",
    "lines_of",
    "open_rows",
    "read_rows",
    "validate_rows",
]

_SAVE = "save it as UTF-8"
_AS_LINES = "write each payload on a line of its own (jq -c '.[]') and save it as .jsonl"
#: The start of a JSON list of objects, which JSON Lines are not.
_LIST = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*(?:\{|$)")
#: The formats, by the endings of file names.
FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}


def read_rows(
    source: str | os.PathLike[str],
    model: Model,
    *,
    format: str | None = None,  # noqa: A002  # the word that users know
    ignore: Collection[str] = (),
    inputs: Mapping[str, str] | None = None,
) -> Iterator[InputRow]:
    """The rows of a file, in order. Blank rows are skipped but counted.

    ``source`` is a path, or ``"-"`` for standard input. The ``format`` follows from the name where it is not
    given: ``"jsonl"``, ``"csv"``, ``"tsv"`` or ``"parquet"``. Cells are read by the types of the model's
    inputs, and an empty one is an input that is not given. Members and columns to ``ignore`` stand in ``extra``
    instead of the payload. ``inputs`` maps columns to the inputs by whose types their cells are read.

    Raises ``RowsUnreadable`` if the file as a whole cannot be read, and ``MissingExtra`` for Parquet without pyarrow.

    >>> for row in read_rows("payloads.csv", "openai/gpt-image-2/edit"):
    ...     print(row.number, row.payload)
    """
    cls = model_class(model)
    name = os.fspath(source)
    reader = _reader(name, format)
    return (row for row in _rows(name, cls, reader, ignore, inputs or {}) if not row.blank)


def validate_rows(
    model: Model,
    source: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002  # the word that users know
    ignore: Collection[str] = (),
    files: Mapping[str, Source] | None = None,
    strict: bool = False,
    processes: int = 1,
    check_files: str = "local",
    remote_limits: RemoteLimits | None = None,
) -> LineReports:
    """Validate all rows of a file, and report those with findings, like ``validate_lines``.

    The numbers are those of ``read_rows``. A row that cannot be read has one error, whose rule is ``"syntax"``.
    Memory does not grow with the file.
    """
    cls = model_class(model)
    name = os.fspath(source)
    reader = _reader(name, format)
    options: dict[str, Any] = {
        "files": files,
        "strict": strict,
        "processes": processes,
        "check_files": check_files,
        "remote_limits": remote_limits,
    }
    if reader is _json_rows and not ignore and name != "-" and not is_bucket_url(name):
        file = open_rows(name)  # read in ranges of bytes, by several processes
        return _FileReports(validate_lines(cls, file, **options), file)
    return validate_lines(cls, lines_of(name, cls, format, ignore), **options)


def lines_of(
    name: str,
    cls: type[Request[Any]],
    format: str | None = None,  # noqa: A002  # the word that users know
    ignore: Collection[str] = (),
) -> Iterable[Line]:
    """The rows of a file as lines. Those of an object or of a Parquet file can be shared out by their ``chunks``."""
    reader = _reader(name, format)
    if reader is _json_rows and not ignore:
        if not is_bucket_url(name):
            file = open_rows(name)
            return file if on_disk(file) else bounded_lines(file, name, _SAVE)
        from .object_lines import ObjectLines

        return ObjectLines.at(name)
    if (format or format_of(name)) == "parquet":
        from .parquet_rows import ParquetLines

        return ParquetLines(name, cls, tuple(ignore), open_rows)
    return map(line_of, _rows(name, cls, reader, ignore, {}))


class _FileReports(LineReports):
    """Reports on the lines of a file, which is closed with them."""

    def __init__(self, reports: LineReports, file: BinaryIO) -> None:
        super().__init__(self._read(reports, file), reports.summary)
        self._file = file

    @staticmethod
    def _read(reports: LineReports, file: BinaryIO) -> Generator[tuple[int, Report]]:
        with file, reports:
            yield from reports

    def close(self) -> None:
        """Read no further, and close the file."""
        super().close()
        self._file.close()


def _reader(name: str, given: str | None) -> Reader:
    kind = given or format_of(name)
    if kind == "jsonl":
        return _json_rows
    if kind in ("csv", "tsv"):
        from . import table_rows

        return table_rows.csv_rows if kind == "csv" else table_rows.tsv_rows
    if kind == "parquet" and name != "-":
        from .parquet_rows import parquet_rows

        return parquet_rows
    if name.lower().endswith((".xlsx", ".xls", ".ods", ".numbers")):
        raise RowsUnreadable(f'{name} is a file of a spreadsheet program; save it as "CSV UTF-8"')
    if name.lower().endswith(".json"):
        raise RowsUnreadable(f"{name} is one JSON document; {_AS_LINES}")
    known = "jsonl, csv, tsv or parquet (not from standard input)"
    raise RowsUnreadable(f"{name} has an unsupported format; pass one of: {known}")


def format_of(name: str) -> str | None:
    """The format by the name of a file, or ``None``."""
    return "jsonl" if name == "-" else FORMATS.get(os.path.splitext(name)[1].lower())  # noqa: PTH122  # a name


def open_rows(name: str) -> BinaryIO:
    """The open file of a path, of ``"-"``, or of the URL of an object. Raises ``RowsUnreadable`` or ``BucketError``."""
    if name == "-":
        return sys.stdin.buffer
    if is_bucket_url(name):
        from runcomfy.buckets.reading import open_object

        return open_object(name)
    try:
        return open(name, "rb")  # noqa: PTH123  # closed by whoever reads it
    except OSError as error:
        raise RowsUnreadable(f"{name} cannot be read: {error.strerror}") from None


def _rows(
    name: str,
    cls: type[Request[Any]],
    reader: Reader,
    ignore: Collection[str],
    inputs: Mapping[str, str],
) -> Iterator[InputRow]:
    file = open_rows(name)
    try:
        for row in reader(file, name, cls, inputs):
            yield set_aside(row, ignore)
    except OSError as error:
        if isinstance(error, RunComfyError):
            raise
        raise RowsUnreadable(f"{name} cannot be read: {error.strerror or error}") from None
    finally:
        if name != "-":
            file.close()


def _json_rows(file: BinaryIO, name: str, *_: object) -> Iterator[InputRow]:
    for number, line in enumerate(bounded_lines(file, name, _SAVE), 1):
        if not line.strip():
            yield InputRow(number, None)
            continue
        if number == 1 and _LIST.match(line):
            raise RowsUnreadable(f"{name} is one JSON list; {_AS_LINES}")
        try:
            value = read_json(line, one_line=True)
        except NotJSON as error:
            yield InputRow(number, None, error.violation(line))
            continue
        if isinstance(value, dict):
            yield InputRow(number, value)
        else:
            yield InputRow(number, None, Violation("", "type", value, "object"))
