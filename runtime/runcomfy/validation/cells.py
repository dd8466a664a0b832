"""Parsing table cells by the types of a model's input schema."""

from __future__ import annotations

import json
import re
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runcomfy.model.request import Request

__all__ = ["CellReader"]

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
#: Digits in groups of three, as spreadsheets show thousands: ``1.000`` is 1000 to one reader and 1 to the next.
_GROUPED = re.compile(r"-?[1-9][0-9]{0,2}([.,][0-9]{3})+")
#: Characters of a number: more than any in use.
_WIDEST = 400
_ALIASES = {"float": "number", "double": "number", "int": "integer", "bool": "boolean"}
_BOOLEANS = {"true": True, "false": False}
#: References and combinations that are followed to find the types of an input.
_DEEPEST = 8


class CellReader:
    """Reads the cells of one model's columns.

    What cannot be read by the types of its input stays text, for the validator to refuse in its own words. With
    ``decimal_comma``, ``0,5`` is a number as well. A number that may be one of thousands (``1.000``) stays text, too.
    ``names`` are the inputs of columns that are named otherwise.
    """

    def __init__(
        self,
        cls: type[Request[Any]],
        *,
        decimal_comma: bool = False,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._names = names or {}
        try:
            self._schema = cls.input_schema()
        except (OSError, ImportError, KeyError, ValueError):  # a class that was written by hand
            self._schema = {}
        self._decimal_comma = decimal_comma
        self._columns: dict[str, _Column] = {}

    def read(self, name: str, text: str) -> Any:
        """The value of a cell that is not empty, in the column of this input."""
        column = self._columns.get(name)
        if column is None:
            properties = self._schema.get("properties")
            part = (
                properties.get(self._names.get(name, name))
                if isinstance(properties, dict)
                else None
            )
            column = self._columns[name] = self._column([part])
        return text if column.only_text else column.read(text)

    def _column(self, schemas: list[Any], depth: int = 0) -> _Column:
        parts = [part for schema in schemas for part in self._alternatives(schema)]
        items = [part["items"] for part in parts if isinstance(part.get("items"), dict)]
        kinds = frozenset(kind for part in parts for kind in _kinds(part))
        inner = self._column(items, depth + 1) if items and depth < _DEEPEST else None
        return _Column(kinds, inner, self._decimal_comma)

    def _alternatives(self, part: object, depth: int = 0) -> Iterator[dict[str, Any]]:
        """The schema and those that it combines or refers to."""
        if not isinstance(part, dict) or depth > _DEEPEST:
            return
        yield part
        for keyword in ("anyOf", "oneOf", "allOf"):
            others = part.get(keyword)
            for other in others if isinstance(others, list) else ():
                yield from self._alternatives(other, depth + 1)
        reference = part.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            found: Any = self._schema
            for step in reference[2:].split("/"):
                found = found.get(step) if isinstance(found, dict) else None
            yield from self._alternatives(found, depth + 1)


class _Column:
    """The cells of one input, or the items of a list: the JSON types that they may have."""

    def __init__(self, kinds: frozenset[str], items: _Column | None, decimal_comma: bool) -> None:
        self._kinds = kinds
        self._items = items
        self._decimal_comma = decimal_comma
        #: Whether every cell is its text.
        self.only_text = not kinds or ("string" in kinds and not kinds & {"array", "object"})

    def read(self, text: str) -> Any:
        """The value of a cell."""
        kinds = self._kinds
        start = text.lstrip()[:1]
        if (start == "[" and "array" in kinds) or (start == "{" and "object" in kinds):
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                return text
        if self.only_text or "string" in kinds:
            return text
        word = text.strip()
        if kinds & {"number", "integer"}:
            number = word.replace(",", ".") if self._decimal_comma else word
            if _GROUPED.fullmatch(word) and (
                "number" not in kinds or (self._decimal_comma and "." in word)
            ):
                return text
            if _NUMBER.fullmatch(number) and len(number) <= _WIDEST:
                return json.loads(number)
        if "boolean" in kinds and word.casefold() in _BOOLEANS:
            return _BOOLEANS[word.casefold()]
        if "array" in kinds:
            return [text if self._items is None else self._items.read(text)]
        return text


def _kinds(part: dict[str, Any]) -> Iterator[str]:
    """The JSON types that a schema names, or that its allowed values have."""
    given = part.get("type", ())
    for name in given if isinstance(given, list) else [given]:
        if isinstance(name, str):
            yield _ALIASES.get(name.casefold(), name.casefold())
    allowed = part.get("enum")
    if given == () and isinstance(allowed, list):
        for value in allowed:
            if isinstance(value, str):
                yield "string"
            elif isinstance(value, bool):
                yield "boolean"
            elif isinstance(value, (int, float)):
                yield "number"
