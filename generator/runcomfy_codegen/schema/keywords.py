"""The keywords of JSON Schema: their values, and which are compiled to straight-line code."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

from runcomfy.model.json_values import pointer_token

__all__ = [
    "ANNOTATIONS",
    "ASSERTIONS",
    "COMPILED",
    "FOR_PEOPLE",
    "HOLDERS",
    "IN_PLACE",
    "KEYWORDS",
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
]

Schema = dict[str, Any]


TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}


TYPE_ALIASES = {"float": "number", "double": "number", "int": "integer", "bool": "boolean"}


#: Annotations: keywords for people, or for other parts of the generator, without effect on validation.
ANNOTATIONS = {
    "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly",
    "$comment", "$schema", "validations", "format", "contentEncoding", "contentMediaType", "contentSchema",
}  # fmt: skip


#: The annotations that are only for people.
FOR_PEOPLE = {
    "examples", "example", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "contentSchema",
}  # fmt: skip


#: Keywords that become straight-line code, each with its JSON type. Their conditions are in
#: ``spec/conditions.py``, their messages in ``runcomfy/model/messages.py``.
COMPILED = {
    **dict.fromkeys(("minLength", "maxLength", "pattern"), "string"),
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"
    ),
    **dict.fromkeys(("items", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"), "array"),
    **dict.fromkeys(
        ("properties", "required", "additionalProperties", "minProperties", "maxProperties", "dependentRequired"),
        "object",
    ),
}  # fmt: skip


#: All validating keywords: the compiled ones, and those left to the jsonschema library.
ASSERTIONS = COMPILED.keys() | {
    "type", "enum", "const", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "prefixItems",
    "patternProperties", "propertyNames", "unevaluatedItems",
    "unevaluatedProperties", "$ref",
}  # fmt: skip


#: The keywords whose values are schemas.
ONE_SCHEMA = {
    "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
}  # fmt: skip


SCHEMA_LIST = {"allOf", "anyOf", "oneOf", "prefixItems"}


SCHEMA_MAP = {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}


#: The three together.
HOLDERS = frozenset(ONE_SCHEMA | SCHEMA_LIST | SCHEMA_MAP)


#: Every keyword that is understood.
KEYWORDS = ANNOTATIONS | ASSERTIONS | HOLDERS


#: The ones that apply to the same value: a chain of them can lead back to its start.
IN_PLACE = {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"}


#: The ones that refuse what a schema in them accepts, or may do so.
TURNING = {"if", "not", "oneOf"}


def step(place: str, *names: object) -> str:
    """``place`` with further steps, as a JSON pointer."""
    for name in names:
        place += f"/{pointer_token(name)}"
    return place


def is_pattern(text: str) -> bool:
    """Whether Python's ``re`` accepts the pattern with the same meaning."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of what it will read in another way
            re.compile(text)
    except (re.error, RecursionError, OverflowError, Warning):
        return False
    return True


def schemas_in(schema: object, place: str = "") -> Iterator[tuple[str, Schema]]:
    """Every schema in a schema, itself included, with its place."""
    found: list[tuple[str, Schema]] = []
    _collect(schema, place, found)
    return iter(found)


def _collect(schema: object, place: str, found: list[tuple[str, Schema]]) -> None:
    if isinstance(schema, dict):
        found.append((place, schema))
        if not HOLDERS.isdisjoint(schema):  # most hold no other
            for steps, part in parts_of(schema):
                _collect(part, step(place, *steps), found)


def parts_of(schema: Schema) -> Iterator[tuple[tuple[object, ...], object]]:
    """The direct subschemas of a schema, with the steps to them."""
    for keyword, value in schema.items():
        if keyword not in HOLDERS:
            continue
        if keyword in ONE_SCHEMA:
            yield (keyword,), value
        elif keyword in SCHEMA_LIST and isinstance(value, list):
            yield from (((keyword, i), part) for i, part in enumerate(value))
        elif keyword in SCHEMA_MAP and isinstance(value, dict):
            yield from (((keyword, name), part) for name, part in value.items())
