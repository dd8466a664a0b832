"""Input schemas drawn from the whole vocabulary."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support.differential.payloads import json_values

__all__ = ["DEFINITIONS", "input_schemas"]

Schema = dict[str, Any]

DEFINITIONS: Schema = {
    "short": {"type": "string", "maxLength": 3},
    "tree": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"$ref": "#/$defs/tree"}},
    },
}

_NAMES = st.sampled_from(["a", "b", "image_1", "class", "33_x", "a b", "é"])
_BOUNDS = st.integers(-2, 8) | st.sampled_from([0.5, 2.0, 1.5, 2**32])
_UNIONS = st.sampled_from(["anyOf", "oneOf"])
_SIZES = st.integers(0, 3)
_TYPES = st.sampled_from(
    ["string", "integer", "number", "boolean", "array", "object", "null", "float"]
)


def _keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    few = st.lists(inner, min_size=1, max_size=2)
    members = st.dictionaries(_NAMES, inner, max_size=3)
    names = st.lists(_NAMES, max_size=2, unique=True)
    choices = st.lists(json_values, min_size=1, max_size=4)
    compiled: dict[str, st.SearchStrategy[Any]] = {
        "type": _TYPES | st.lists(_TYPES, min_size=1, max_size=3, unique=True),
        "enum": choices,
        "const": json_values,
        "minimum": _BOUNDS,
        "maximum": _BOUNDS,
        "exclusiveMinimum": _BOUNDS | st.booleans(),
        "exclusiveMaximum": _BOUNDS | st.booleans(),
        "multipleOf": st.sampled_from([1, 2, 0.5, 0.1, 3]),
        "minLength": _SIZES,
        "maxLength": _SIZES,
        "pattern": st.sampled_from(["^a", "[0-9]", "x$", "'\"", "("]),
        "minItems": _SIZES,
        "maxItems": _SIZES,
        "items": inner,
        "properties": members,
        "required": names,
        "additionalProperties": st.booleans() | inner,
        "minProperties": _SIZES,
        "maxProperties": _SIZES,
        "nullable": st.booleans(),
    }
    library: dict[str, st.SearchStrategy[Any]] = {
        "allOf": few,
        "anyOf": few,
        "oneOf": few,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "prefixItems": few,
        "contains": inner,
        "uniqueItems": st.booleans(),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b", "("]), inner, max_size=2),
        "propertyNames": inner,
        "dependentRequired": st.dictionaries(_NAMES, names, max_size=2),
        "$ref": st.sampled_from(
            ["#/$defs/short", "#/$defs/tree", "#", "#/$defs/none", "other.json"]
        ),
    }
    tagged = st.builds(
        _tagged_options,
        st.lists(st.dictionaries(_NAMES, inner, max_size=2), min_size=2, max_size=3),
    )
    plain = st.lists(st.sampled_from(sorted(compiled)), min_size=1, max_size=4, unique=True)
    mixed = st.lists(st.sampled_from(sorted({**compiled, **library})), max_size=4, unique=True)
    both = {**compiled, **library}
    made = st.one_of(plain, plain, mixed).flatmap(
        lambda chosen: st.fixed_dictionaries({keyword: both[keyword] for keyword in chosen})
    )
    return made | made | made | st.builds(lambda word, parts: {word: parts}, _UNIONS, tagged)


def _tagged_options(forms: list[Schema]) -> list[Schema]:
    """Objects that the text of one member tells apart; the last one has two such texts, or is null.

    Of forms with one more member the text may be missing.
    """
    tags: list[Schema] = [{"const": "one"}, {"enum": ["two", "three"]}, {"const": "four"}]
    return [
        {
            "type": "object",
            "properties": {**form, "class": tag},
            "required": [] if len(form) == 1 else ["class"],
            **({"additionalProperties": False} if len(form) == 2 else {}),
        }
        for form, tag in zip(forms, tags, strict=False)
    ] + ([{"type": "null"}] if len(forms) == 3 else [])


_schemas: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | _keywords(st.just({})), _keywords, max_leaves=4
)


def input_schemas() -> st.SearchStrategy[Schema]:
    """Object schemas with a few inputs; now and then with keywords about the payload as a whole."""
    inputs = st.dictionaries(_NAMES, _schemas, min_size=1, max_size=3)
    whole: st.SearchStrategy[Schema] = st.just({}) | st.fixed_dictionaries(
        {},
        optional={
            "required": st.lists(_NAMES, max_size=2),
            "additionalProperties": st.booleans() | _schemas,
            "anyOf": st.lists(_schemas, min_size=1, max_size=2),
            "minProperties": _SIZES,
        },
    )
    return st.builds(
        lambda properties, rest: {
            "type": "object",
            "properties": properties,
            "$defs": DEFINITIONS,
            **rest,
        },
        inputs,
        whole,
    )
