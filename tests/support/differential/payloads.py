"""Payloads drawn around a clean schema: valid ones, the same with faults put in, and hostile ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

__all__ = ["edges", "json_values", "payloads", "values_for"]

Schema = dict[str, Any]

_TEXTS = st.text(max_size=8) | st.sampled_from(
    ["", " ", "auto", "5", "true", "null", "é" * 9, "\x00", "\u2028", "\U0001f600", "a\nb", "{}"]
)
_NUMBERS = (
    st.integers(-3, 12)
    | st.sampled_from(
        [2**31 - 1, 2**31, 2**32, -(2**63), 2**64, 10**30, 0.0, -0.0, 1.0, 0.5, 1e300]
    )
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
)
_SCALARS = st.none() | st.booleans() | _NUMBERS | _TEXTS

#: Any value that JSON can hold.
json_values: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=6,
)

#: What is put in the place of a value; mostly from a list, which is quicker than making one up.
_strangers = st.one_of(
    st.sampled_from(
        [
            *(
                None,
                True,
                False,
                0,
                1,
                -1,
                2,
                1.0,
                1.5,
                -0.0,
                2**31,
                2**64,
                1e300,
                "",
                "a",
                "1",
                "true",
            ),
            *(
                "é" * 600,
                "\x00",
                [],
                [None],
                ["a"],
                ["a", 1],
                [[]],
                [["a"]],
                {},
                {"a": 1},
                {"": [{}]},
            ),
        ]
    ),
    st.sampled_from([0, "auto", [], {}]),
    json_values,
)


def payloads(schema: Schema) -> st.SearchStrategy[Any]:
    """Payloads for a clean input schema; about one in five is as the schema wants it."""
    valid = values_for(schema)  # once: making strategies takes longer than drawing from them
    mutated = _mutated(schema, valid)
    return st.one_of(valid, mutated, mutated, mutated, json_values)


def values_for(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that a schema welcomes, as far as its plain keywords go."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    names = schema.get("type")
    if isinstance(names, list):
        return st.one_of([values_for({**schema, "type": name}) for name in names])
    if names is None and "properties" in schema:
        names = "object"
    maker = _MAKERS.get(str(names))
    return maker(schema) if maker else json_values


def edges(schema: Schema) -> list[Any]:
    """Values on, just inside and just outside each limit of a clean schema."""
    found: list[Any] = list(schema.get("enum", ()))
    for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
        if keyword in schema:
            limit = schema[keyword]
            found += [limit - 1, limit - 0.5, limit, limit + 0.5, limit + 1, float(limit)]
    for low, high, make in (
        ("minLength", "maxLength", lambda size: "é" * size),
        ("minItems", "maxItems", lambda size: _list_of(schema, size)),
        ("minProperties", "maxProperties", lambda size: {str(i): i for i in range(size)}),
    ):
        limits = [schema[keyword] for keyword in (low, high) if keyword in schema]
        found += [
            make(size) for limit in limits for size in (limit - 1, limit, limit + 1) if size >= 0
        ]
    return found


def _list_of(schema: Schema, size: int) -> list[Any]:
    items = schema.get("items")
    item: Any = (
        {"integer": 1, "object": {}}.get(items.get("type", ""), "a")
        if isinstance(items, dict)
        else 1
    )
    return [item] * size


def _texts(schema: Schema) -> st.SearchStrategy[Any]:
    low: int = schema.get("minLength", 0)
    high: int = schema.get("maxLength", 40)
    near = sorted({low, min(low + 1, high), max(high - 1, low), high})
    sized = st.builds(lambda size, char: char * size, st.sampled_from(near), st.characters())
    return sized | _TEXTS.filter(lambda text: low <= len(text) <= high)


def _numbers(schema: Schema) -> st.SearchStrategy[Any]:
    low: Any = schema.get("minimum", schema.get("exclusiveMinimum", -5))
    high: Any = schema.get("maximum", schema.get("exclusiveMaximum", low + 10))
    step = schema.get("multipleOf", 1)
    near = [
        low,
        high,
        low + step,
        high - step,
        step * 3,
        float(low),
        float(high),
        (low + high) // 2,
    ]
    return st.sampled_from(near)


def _lists(schema: Schema) -> st.SearchStrategy[Any]:
    low = schema.get("minItems", 0)
    high = max(low, min(schema.get("maxItems", low + 2), 20))
    return st.lists(values_for(schema.get("items", {})), min_size=low, max_size=high)


def _objects(schema: Schema) -> st.SearchStrategy[Any]:
    required = set(schema.get("required", ()))
    members = {name: values_for(part) for name, part in schema.get("properties", {}).items()}
    return st.fixed_dictionaries(
        {name: values for name, values in members.items() if name in required},
        optional={name: values for name, values in members.items() if name not in required},
    )


_MAKERS: dict[str, Callable[[Schema], st.SearchStrategy[Any]]] = {
    "string": _texts,
    "integer": _numbers,
    "number": _numbers,
    "boolean": lambda _: st.booleans(),
    "null": lambda _: st.none(),
    "array": _lists,
    "object": _objects,
}


@st.composite
def _mutated(draw: st.DrawFn, schema: Schema, valid: st.SearchStrategy[Any]) -> Any:
    """A payload that the schema welcomes, with one to three faults put in somewhere."""
    payload = draw(valid)
    for _ in range(draw(st.integers(1, 3))):
        payload = _with_fault(draw, payload, schema)
    return payload


def _with_fault(draw: st.DrawFn, value: Any, schema: Schema) -> Any:
    near = edges(schema)
    at_an_edge = draw(st.booleans())
    if near and at_an_edge:
        return draw(st.sampled_from(near))
    if isinstance(value, dict):
        parts: Schema = schema.get("properties", {})
        name = draw(st.sampled_from([*parts, *value]) | _TEXTS) if parts or value else draw(_TEXTS)
        how = draw(st.sampled_from(["drop", "deeper", "deeper", "replace"]))
        rest = {key: member for key, member in value.items() if key != name}
        if how == "drop":
            return rest
        if how == "deeper" and name in value:
            return {**value, name: _with_fault(draw, value[name], parts.get(name, {}))}
        return {**value, name: draw(_strangers)}
    if isinstance(value, list):
        how = draw(st.sampled_from(["more", "fewer", "deeper", "replace"]))
        if how == "more":
            return [*value, *value, draw(_strangers)]
        if how == "fewer":
            return value[1:]
        if how == "deeper" and value:
            at = draw(st.integers(0, len(value) - 1))
            items = schema.get("items")
            inner = _with_fault(draw, value[at], items if isinstance(items, dict) else {})
            return [*value[:at], inner, *value[at + 1 :]]
        return draw(_strangers)
    if isinstance(value, str) and draw(st.booleans()):
        return draw(
            st.sampled_from([value + "x", value[:-1], value * 2, value.swapcase(), f"{value} "])
        )
    if isinstance(value, (int, float)) and draw(st.booleans()):
        return draw(
            st.sampled_from([value + 1, value - 1, value + 0.5, -value, str(value), bool(value)])
        )
    return draw(_strangers)
