"""Building rows from the input: columns become inputs, a grid multiplies rows, and each row gets a key."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from runcomfy.errors import ConfigurationError
from runcomfy.journal import Described, describe
from runcomfy.journal.grants import key_fault
from runcomfy.model.json_values import to_plain
from runcomfy.model.local_files import mapped
from runcomfy.model.request import Request
from runcomfy.model.violation import Violation
from runcomfy.validation.rows import read_rows

from .key_counts import KeyCounts
from .local_files import Digests
from .options import BatchOptions

__all__ = ["KEYS", "BatchRow", "RowSource"]

#: Columns that hold a row's key: the first that exists and is not an input of the model.
KEYS = ("key", "id")
_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
_URL = re.compile(r"(?i)(https?|data|s3|gs|file|ftp):")


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One row: its number in the input, its key, and the payload, in which local files are paths.

    ``index`` counts all rows from 0; with a grid, several have one number.
    ``described`` is the payload as the journal compares it, files by their content. ``fault`` says why the row cannot be sent,
    where no validator would.
    """

    index: int
    number: int
    key: str
    payload: dict[str, Any] | None
    described: Described | None = None
    fault: Violation | None = None


class _Read(Protocol):
    @property
    def number(self) -> int: ...
    @property
    def payload(self) -> dict[str, Any] | None: ...
    @property
    def fault(self) -> Violation | None: ...
    @property
    def extra(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class _ProgramRow:
    """A row from a program."""

    number: int
    payload: dict[str, Any] | None
    extra: Mapping[str, Any]
    fault: Violation | None = None


class RowSource:
    """The rows of an input file or a program's list; iterates repeatedly, always in the same order.

    Local files are relative to ``base``, which is the folder of the input file unless another is given.
    Raises ``ConfigurationError`` for options that name unknown columns or inputs, and ``RowsUnreadable``.
    """

    def __init__(
        self,
        model: type[Request[Any]],
        given: str | Path | Iterable[Mapping[str, Any] | Request[Any]],
        options: BatchOptions,
        *,
        format: str | None = None,  # noqa: A002  # the word of read_rows
        base: Path | None = None,
    ) -> None:
        self._model, self._options, self._format = model, options, format
        self._inputs = set(model._wire_names.values())
        self._keys = tuple(name for name in KEYS if name not in self._inputs)
        self._file = Path(given) if isinstance(given, (str, Path)) else None
        self._given = None if isinstance(given, (str, Path)) else list(given)
        self._base = base or (self._file.parent if self._file else Path())
        #: The name of the source, for messages.
        self.name = str(self._file) if self._file else "the list of rows"
        self._check_options()

    def __iter__(self) -> Iterator[BatchRow]:
        """Iterate over the rows. A row without a key gets one derived from its content and repeat count."""
        maker = _RowMaker(self._model, self._options, self._base, self._keys)
        with closing(maker.keys):
            for read in self._read():
                yield from maker.rows(read)
        maker.require_columns()

    def _read(self) -> Iterator[_Read]:
        if self._file is not None:
            left_out = (*self._keys, *self._consumed())
            yield from read_rows(
                self._file,
                self._model,
                format=self._format,
                ignore=left_out,
                inputs=self._options.map,
            )
            return
        for number, one in enumerate(self._given or (), 1):
            plain = to_plain(one._inputs if isinstance(one, Request) else one)
            if not isinstance(plain, dict):
                fault = Violation("", "type", one, "object", "must be a mapping or a request")
                yield _ProgramRow(number, None, {}, fault)
                continue
            out = {*self._keys, *self._consumed()}
            extra = {name: plain[name] for name in plain if name in out}
            rest = {name: value for name, value in plain.items() if name not in out}
            yield _ProgramRow(number, rest, extra)

    def _consumed(self) -> list[str]:
        """The columns that only templates or the mapping use, and those that are ignored."""
        fields = {name for text in self._options.template.values() for name in _fields(text)}
        used = (fields | self._options.map.keys()) - self._inputs
        return sorted(used | set(self._options.ignore))

    def _check_options(self) -> None:
        options = self._options
        for word, names in (
            ("--set", options.set),
            ("--template", options.template),
            ("--grid", options.grid),
        ):
            unknown = sorted(set(names) - self._inputs - set(options.allow))
            if unknown and "unknown-input" not in options.allow:
                raise ConfigurationError(
                    f"{word} {unknown[0]}: {self._model.model_id} has no such input; the inputs are "
                    f"{', '.join(sorted(self._inputs))}"
                )
        for name, text in options.template.items():
            if {"{", "}"} & set(_FIELD.sub("", text)):
                raise ConfigurationError(
                    f"--template {name}={text}: a brace stands alone; a column is {{name}}, and a literal brace is {{{{ or }}}}"
                )


class _RowMaker:
    """Builds rows in one pass over the input."""

    def __init__(
        self,
        model: type[Request[Any]],
        options: BatchOptions,
        base: Path,
        key_columns: tuple[str, ...],
    ) -> None:
        self._media, self._options, self._base = model._media, options, base
        self._key_columns = key_columns
        self._digested = Digests()
        self.keys = KeyCounts()
        self._index = itertools.count()
        #: Columns of the mapping that no row has had yet.
        self._unseen = set(options.map)
        #: Whether there was a row whose columns are known.
        self.any = False

    def rows(self, read: _Read) -> Iterator[BatchRow]:
        """One row, or with a grid one for each combination."""
        name = f"row-{read.number}"
        if read.payload is None or read.fault is not None:
            yield BatchRow(next(self._index), read.number, name, None, None, read.fault)
            return
        self.any = True
        told = {**read.payload, **read.extra}
        for column, name in self._options.map.items():
            if name in self._key_columns and column in told:
                told[name] = told[column]
        given = next(
            (told[one] for one in self._key_columns if told.get(one, "") not in ("", None)), None
        )
        try:
            payload = self._mapped(read.payload, told)
        except _NotFilled as error:
            fault = Violation(f"/{error.input}", "template", None, None, str(error))
            key = name if given is None else str(given)
            yield BatchRow(next(self._index), read.number, key, None, None, fault)
            return
        for number, chosen in enumerate(self._products(), 1):
            suffix = f"-{number}" if self._options.grid else ""
            yield self._row(read.number, given, suffix, {**payload, **chosen})

    def _row(self, number: int, given: Any, suffix: str, payload: dict[str, Any]) -> BatchRow:
        payload = mapped(self._media, payload, self._local)
        described, fault = None, None
        try:
            described = describe(mapped(self._media, payload, self._digested))
        except ConfigurationError as error:
            fault = Violation("", "json", None, None, str(error))
        key = f"row-{number}"
        if given is not None:
            key = f"{given}{suffix}"
            fault = self._key_fault(given, key, number) or fault
        elif described is not None:  # equal rows are intended, and each is run
            content = described.digest[:16]
            key = f"{content}-{self.keys.add(content, number)[1]}"
        return BatchRow(next(self._index), number, key, payload, described, fault)

    def _key_fault(self, given: Any, key: str, number: int) -> Violation | None:
        """Why the key cannot be that of a row."""
        wrong = "must be a text or a number" if isinstance(given, (dict, list)) else key_fault(key)
        if not wrong:
            first, count = self.keys.add(key, number)
            if count > 1:
                wrong = (
                    f"is also the key of row {first}; give each row its own key, or omit the column"
                )
        return Violation(f"/{self._key_columns[0]}", "key", given, None, wrong) if wrong else None

    def _mapped(self, payload: dict[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
        """The payload of a row before the grid; ``told`` holds all columns by name."""
        options = self._options
        payload = dict(payload)
        for column, name in options.map.items():
            if column in told:
                self._unseen.discard(column)
                payload.pop(column, None)
                if name not in self._key_columns:
                    payload[name] = told[column]
        payload |= options.set
        for name, text in options.template.items():
            payload[name] = _filled(name, text, told)
        return payload

    def _products(self) -> Iterator[dict[str, Any]]:
        grid = self._options.grid
        for values in itertools.product(*grid.values()):
            yield dict(zip(grid, values, strict=True))

    def _local(self, value: Any) -> Any:
        """Resolve local files in media inputs relative to the input file."""
        if not isinstance(value, str) or not value or _URL.match(value):
            return value
        return self._base / Path(value).expanduser()

    def require_columns(self) -> None:
        """Raise ``ConfigurationError`` for a mapping from a column that no row had: it would be left out in silence."""
        if self._unseen and self.any:
            column = min(self._unseen)
            raise ConfigurationError(
                f"--map {column}={self._options.map[column]}: no row has anything in a column {column!r}; nothing was sent"
            )


class _NotFilled(Exception):
    """A template names a column that the row does not have."""

    def __init__(self, name: str, column: str, told: Mapping[str, Any]) -> None:
        super().__init__(
            f"cannot be built: the row has no value in the column {column!r}; it has {', '.join(sorted(told))}"
        )
        self.input = name


def _fields(text: str) -> list[str]:
    """The columns that a template names."""
    return [name for match in _FIELD.finditer(text) if (name := match[1])]


def _filled(name: str, text: str, told: Mapping[str, Any]) -> str:
    """A template with the row's values. Raises ``_NotFilled`` for a column that the row does not have."""

    def value(match: re.Match[str]) -> str:
        column = match[1]
        if column is None:
            return match[0][0]
        if column not in told:
            raise _NotFilled(name, column, told)
        return str(told[column])

    return _FIELD.sub(value, text)
