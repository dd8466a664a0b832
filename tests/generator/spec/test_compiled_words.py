"""Keywords of real catalogues are compiled in every combination, without the jsonschema library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import pytest

from runcomfy_codegen.schema.normalise import clean
from runcomfy_codegen.spec.checks import compile_checks

Schema = dict[str, Any]

NULL: Schema = {"type": "null"}
TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 5}
DEFINITIONS: dict[str, Schema] = {
    "text": TEXT,
    "choice": {"type": "string", "enum": ["p", "q"], "title": "Choice"},
    "size": {
        "type": "object",
        "properties": {
            "unit": {"anyOf": [{"$ref": "#/$defs/choice"}, NULL]},
            "width": {"type": "integer"},
        },
        "required": ["width"],
    },
}
#: Schemas of which no two share a JSON type.
DISJOINT: dict[str, Schema] = {
    "text": TEXT,
    "number": {"type": "number", "exclusiveMinimum": 0},
    "boolean": {"type": "boolean"},
    "list": {"type": "array", "items": {"anyOf": [TEXT, NULL]}, "maxItems": 3, "uniqueItems": True},
    "object": {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False},
}
VALUES: dict[str, Schema] = {
    **DISJOINT,
    "pattern": {"type": "string", "pattern": "^a+$"},
    "URL": {"type": "string", "format": "uri", "description": "A file."},
    "enum": {"type": "string", "enum": ["a", "b"]},
    "enum of any type": {"enum": ["a", 1, 0.5]},
    "const": {"const": "x"},
    "reference": {"$ref": "#/$defs/size"},
    "list of references": {"type": "array", "items": {"$ref": "#/$defs/size"}},
    "minContains": {"type": "array", "contains": {"const": "a"}, "minContains": 2},
    "maxContains": {"type": "array", "contains": {"enum": ["a", "b"]}, "maxContains": 3},
    "dependentRequired": {
        "type": "object",
        "properties": {"a": TEXT, "b": TEXT},
        "dependentRequired": {"a": ["b"]},
    },
}
AROUND: dict[str, Callable[[Schema], Schema]] = {
    "itself": lambda value: value,
    "anyOf with null": lambda value: {"anyOf": [value, NULL], "title": "T", "default": None},
    "null first": lambda value: {"anyOf": [NULL, value]},
    "oneOf with null": lambda value: {"oneOf": [value, NULL]},
    "nullable": lambda value: {**value, "nullable": True},
    "allOf of one": lambda value: {"allOf": [value], "description": "D.", "default": 1},
    "items of a list": lambda value: {"type": "array", "items": {"anyOf": [value, NULL]}},
    "member of an object": lambda value: {
        "type": "object",
        "properties": {"m": {"oneOf": [value, NULL]}},
        "required": ["m"],
    },
}


def left_to_the_library(value: Schema) -> dict[str, frozenset[str]]:
    schema = {
        "type": "object",
        "properties": {"v": value},
        "required": ["v"],
        "$defs": DEFINITIONS,
    }
    return compile_checks(clean(schema)[0]).by_library


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", VALUES)
def test_it_is_compiled(name: str, around: str) -> None:
    assert left_to_the_library(AROUND[around](VALUES[name])) == {}


def unions() -> Iterator[list[Schema]]:
    """Unions of schemas with different types, and of enums."""
    for count in (2, 3):
        yield from map(list, combinations(DISJOINT.values(), count))
    yield [VALUES["enum"], {"$ref": "#/$defs/choice"}]
    yield [VALUES["enum"], VALUES["const"]]


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
@pytest.mark.parametrize("options", list(unions()), ids=repr)
def test_unions_are_compiled(keyword: str, options: list[Schema]) -> None:
    assert left_to_the_library({keyword: options}) == {}
    assert left_to_the_library({keyword: [*options, NULL]}) == {}
