"""From what a user gives to rows: columns become inputs, a grid multiplies them, and each row gets its key."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from runcomfy.errors import ConfigurationError
from runcomfy.journal import Described, describe
from runcomfy.model.json_values import to_plain
from runcomfy.model.local_files import mapped
from runcomfy.model.request import Request
from runcomfy.model.violation import Violation
from runcomfy.validation.rows import read_rows

from .options import BatchOptions

__all__ = ["KEYS", "BatchRow", "RowSource"]

#: Columns that hold a row's key, the first one that is there and is no input of the model.
KEYS = ("key", "id")
_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
_URL = re.compile(r"(?i)(https?|data|s3|gs|file|ftp):")


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One row: its number in the input, its key, and the payload, in which local files are paths.

    ``index`` counts all rows from 0; with a grid, several have one number.
    ``described`` is the payload as the journal compares it, files by their content. ``fault`` says why there is no payload.
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
class _Given:
    """A row that a program gave."""

    number: int
    payload: dict[str, Any] | None
    extra: Mapping[str, Any]
    fault: Violation | None = None


class RowSource:
    """The rows of an input file or of a program's list, as often as they are asked for, in the same order.

    Raises ``ConfigurationError`` for options that name what is not there, and ``RowsUnreadable``.
    """

    def __init__(
        self,
        model: type[Request[Any]],
        given: str | Path | Iterable[Mapping[str, Any] | Request[Any]],
        options: BatchOptions,
        *,
        format: str | None = None,  # noqa: A002  # the word of read_rows
    ) -> None:
        self._model, self._options, self._format = model, options, format
        self._inputs = set(model._wire_names.values())
        self._keys = tuple(name for name in KEYS if name not in self._inputs)
        self._file = Path(given) if isinstance(given, (str, Path)) else None
        self._given = None if isinstance(given, (str, Path)) else list(given)
        self._base = self._file.parent if self._file else Path()
        self._check_options()

    def __iter__(self) -> Iterator[BatchRow]:
        """The rows. Rows without a key get one from their content and how often it occurred before."""
        seen: Counter[str] = Counter()
        index = itertools.count()
        for read in self._read():
            if read.payload is None or read.fault is not None:
                name = f"row-{read.number}"
                yield BatchRow(next(index), read.number, name, None, None, read.fault)
                continue
            yield from self._rows(read, seen, index)

    def _rows(self, read: _Read, seen: Counter[str], index: Iterator[int]) -> Iterator[BatchRow]:
        payload, told = self._mapped(read)
        given = next((str(told[name]) for name in self._keys if told.get(name)), "")
        for number, chosen in enumerate(self._products(), 1):
            wanted = mapped(self._model._media, {**payload, **chosen}, self._local)
            try:
                described = describe(wanted)
            except ConfigurationError as error:
                fault = Violation("", "file", None, None, str(error))
                name = given or f"row-{read.number}"
                yield BatchRow(next(index), read.number, name, None, None, fault)
                continue
            suffix = f"-{number}" if given and self._options.grid else ""
            key = f"{given}{suffix}" if given else described.digest[:16]
            seen[key] += 1
            if not given:  # equal rows are meant, and each is run
                key = f"{key}-{seen[key]}"
            yield BatchRow(next(index), read.number, key, wanted, described)

    def _read(self) -> Iterator[_Read]:
        if self._file is not None:
            left_out = (*self._keys, *self._consumed())
            yield from read_rows(self._file, self._model, format=self._format, ignore=left_out)
            return
        for number, one in enumerate(self._given or (), 1):
            plain = to_plain(one._inputs if isinstance(one, Request) else one)
            if not isinstance(plain, dict):
                fault = Violation("", "type", one, "object", "must be a mapping or a request")
                yield _Given(number, None, {}, fault)
                continue
            out = {*self._keys, *self._consumed()}
            extra = {name: plain[name] for name in plain if name in out}
            rest = {name: value for name, value in plain.items() if name not in out}
            yield _Given(number, rest, extra)

    def _consumed(self) -> list[str]:
        """Columns that only templates or the mapping read."""
        fields = {name for text in self._options.template.values() for name in _fields(text)}
        return sorted((fields | self._options.map.keys()) - self._inputs)

    def _mapped(self, read: _Read) -> tuple[dict[str, Any], Mapping[str, Any]]:
        """The payload of a row before the grid, and all columns by name."""
        options = self._options
        payload = dict(read.payload or {})
        told = {**payload, **read.extra}
        for column, name in options.map.items():
            if column in told:
                payload.pop(column, None)
                payload[name] = told[column]
        payload |= options.set
        for name, text in options.template.items():
            payload[name] = _filled(text, told, read.number)
        return payload, told

    def _products(self) -> Iterator[dict[str, Any]]:
        grid = self._options.grid
        for values in itertools.product(*grid.values()):
            yield dict(zip(grid, values, strict=True))

    def _local(self, value: Any) -> Any:
        """A path, relative to the input file, where a media input names a local file."""
        if not isinstance(value, str) or not value or _URL.match(value):
            return value
        return self._base / Path(value).expanduser()

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
                    f"{word} {unknown[0]}: {self._model.model_id} has no such input; it has "
                    f"{', '.join(sorted(self._inputs))}"
                )
        for text in options.template.values():
            _fields(text)


def _fields(text: str) -> list[str]:
    """The columns that a template names."""
    return [name for match in _FIELD.finditer(text) if (name := match[1])]


def _filled(text: str, told: Mapping[str, Any], number: int) -> str:
    """A template with the row's values. A name that the row does not have is a mistake in the template."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        if name not in told:
            raise ConfigurationError(
                f"--template: row {number} has no column {name!r}; it has {', '.join(sorted(told))}"
            )
        return str(told[name])

    return _FIELD.sub(value, text)
