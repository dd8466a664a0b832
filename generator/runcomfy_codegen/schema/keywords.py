"""The keywords of JSON Schema: what each holds, and which of them become straight-line code."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

from runcomfy.model.json_values import pointer_token

__all__ = [
    "ANNOTATIONS",
    "COMPILED",
    "FOR_PEOPLE",
    "IN_PLACE",
    "KEYWORDS",
    "LIBRARY",
    "ONE_SCHEMA",
    "SCHEMA_LIST",
    "SCHEMA_MAP",
    "TURNING",
    "TYPES",
    "TYPE_ALIASES",
    "Schema",
    "is_pattern",
    "parts_of",
    "schemas_in",
    "step",
    "uncovered",
]

Schema = dict[str, Any]


TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}


TYPE_ALIASES = {"float": "number", "double": "number", "int": "integer", "bool": "boolean"}


#: Keywords that say something to people, or to us elsewhere, and nothing to a validator.
ANNOTATIONS = {
    "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly",
    "$comment", "$schema", "validations", "format", "contentEncoding", "contentMediaType", "contentSchema",
}  # fmt: skip


#: The ones of these that are for people alone, and that nothing of ours acts on.
FOR_PEOPLE = {
    "examples", "example", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "contentSchema",
}  # fmt: skip


#: Keywords that straight-line code is generated for.
COMPILED = {
    "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "pattern", "minItems", "maxItems", "items", "properties", "required",
    "additionalProperties", "minProperties", "maxProperties",
}  # fmt: skip


#: Keywords that the jsonschema library checks at run time.
LIBRARY = {
    "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependentRequired",
    "prefixItems", "contains", "minContains", "maxContains", "uniqueItems", "patternProperties",
    "propertyNames", "unevaluatedItems", "unevaluatedProperties", "$ref",
}  # fmt: skip


#: Levels of lists and objects that straight-line code is nested in.
MAX_DEPTH = 12


#: Where schemas stand inside a schema.
ONE_SCHEMA = {
    "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
}  # fmt: skip


SCHEMA_LIST = {"allOf", "anyOf", "oneOf", "prefixItems"}


SCHEMA_MAP = {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}


#: Every keyword that is understood.
KEYWORDS = ANNOTATIONS | COMPILED | LIBRARY | ONE_SCHEMA | SCHEMA_LIST | SCHEMA_MAP


#: The ones that apply to the same value: a chain of them can lead back to its start.
IN_PLACE = {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"}


#: The ones that refuse what a schema in them accepts, or may do so.
TURNING = {"if", "not", "oneOf"}


def step(place: str, *names: object) -> str:
    """``place`` with further steps, as a JSON pointer."""
    return place + "".join("/" + pointer_token(name) for name in names)


def uncovered(schema: Schema, depth: int = 0) -> set[str]:
    """The keywords of a clean schema that straight-line code does not cover.

    Below ``MAX_DEPTH`` these are all, since Python refuses code that is nested much deeper.
    """
    found = schema.keys() - (COMPILED if depth < MAX_DEPTH else set()) - {"$defs", "definitions"}
    if schema.get("additionalProperties", True) not in (True, False, {}):
        found = found | {"additionalProperties"}
    inner = list(schema.get("properties", {}).values())
    if isinstance(schema.get("items"), dict):
        inner.append(schema["items"])
    return found.union(*(uncovered(part, depth + 1) for part in inner))


def is_pattern(text: str) -> bool:
    """Whether Python reads the pattern, and as it is meant."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of what it will read in another way
            re.compile(text)
    except (re.error, RecursionError, OverflowError, Warning):
        return False
    return True


def schemas_in(schema: object, place: str = "") -> Iterator[tuple[str, Schema]]:
    """Every schema in a schema, itself included, with its place."""
    if not isinstance(schema, dict):
        return
    yield place, schema
    for steps, part in parts_of(schema):
        yield from schemas_in(part, step(place, *steps))


def parts_of(schema: Schema) -> Iterator[tuple[tuple[object, ...], object]]:
    """The schemas that stand directly in a schema, with the steps to them."""
    for keyword, value in schema.items():
        if keyword in ONE_SCHEMA:
            yield (keyword,), value
        elif keyword in SCHEMA_LIST and isinstance(value, list):
            yield from (((keyword, i), part) for i, part in enumerate(value))
        elif keyword in SCHEMA_MAP and isinstance(value, dict):
            yield from (((keyword, name), part) for name, part in value.items())
