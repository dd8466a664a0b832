"""What a new schema means for programs that were written against the old one, as a table."""

from __future__ import annotations

from typing import Any

import pytest

from runcomfy_codegen.diff.schemas import compare


def _object(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or []}


def _x(**part: Any) -> dict[str, Any]:
    return _object(x=part)


def _rule(limit: float, rule: str = "width_pixels>", error: str = "") -> dict[str, Any]:
    return _x(
        validations=[
            {"validation_rule": rule, "validation_value": limit, "validation_error": error}
        ]
    )


def _others(schema: Any) -> dict[str, Any]:
    return {**_object(), "additionalProperties": schema}


STRING, INTEGER = {"type": "string"}, {"type": "integer"}
IMAGE = _x(format="image_uri")
WIDE = {"validations": [{"validation_rule": "width_pixels>", "validation_value": 14}]}

INPUTS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    (_x(type="string"), _x(type="string"), []),
    (_object(a=STRING), _object(), ["breaking input/a: input removed"]),
    (_object(), _object(a=STRING), ["additive input/a: input added"]),
    (_object(), _object(["a"], a=STRING), ["breaking input/a: required input added"]),
    (_object(a=STRING), _object(["a"], a=STRING), ["breaking input/a: is now required"]),
    (_object(["a"], a=STRING), _object(a=STRING), ["additive input/a: is now optional"]),
    (
        _x(type="string"),
        _x(type="integer"),
        ["breaking input/x: type changed from string to integer"],
    ),
    (
        _x(type="integer"),
        _x(type="number"),
        ["additive input/x: type changed from integer to number"],
    ),
    (_x(type="float"), _x(type="number"), []),
    (
        _x(type="number"),
        _x(type="integer"),
        ["breaking input/x: type changed from number to integer"],
    ),
    (_x(type="string"), _x(), ["additive input/x: type changed from string to any"]),
    (
        _x(type="string"),
        _x(type="string", nullable=True),
        ["additive input/x: type changed from string to string or null"],
    ),
    (_x(enum=["a", "b"]), _x(enum=["a"]), ["breaking input/x: value 'b' gone"]),
    (_x(enum=["a"]), _x(enum=["b", "a"]), ["additive input/x: value 'b' added"]),
    (
        _x(enum=["a"]),
        _x(enum=["A"]),
        ["breaking input/x: value 'a' gone", "additive input/x: value 'A' added"],
    ),
    (
        _x(enum=[1]),
        _x(enum=[True]),
        ["breaking input/x: value 1 gone", "additive input/x: value True added"],
    ),
    (_x(enum=["a", "b"]), _x(enum=["b", "a"]), []),
    (_x(), _x(enum=["a"]), ["breaking input/x: is now limited to a set of values"]),
    (_x(const="a"), _x(), ["additive input/x: is no longer limited to a set of values"]),
    (_x(minimum=0), _x(minimum=1), ["breaking input/x: minimum tightened from 0 to 1"]),
    (_x(minimum=1), _x(minimum=0), ["additive input/x: minimum loosened from 1 to 0"]),
    (_x(maximum=9), _x(maximum=8), ["breaking input/x: maximum tightened from 9 to 8"]),
    (_x(maxLength=8), _x(maxLength=9), ["additive input/x: maxLength loosened from 8 to 9"]),
    (_x(minItems=1), _x(minItems=2), ["breaking input/x: minItems tightened from 1 to 2"]),
    (_x(multipleOf=5), _x(multipleOf=10), ["breaking input/x: multipleOf tightened from 5 to 10"]),
    (_x(multipleOf=10), _x(multipleOf=5), ["additive input/x: multipleOf loosened from 10 to 5"]),
    (_x(pattern="a"), _x(pattern="b"), ["breaking input/x: pattern tightened from a to b"]),
    (_x(), _x(maxItems=3), ["breaking input/x: maxItems 3 added"]),
    (_x(maxItems=3), _x(), ["additive input/x: maxItems 3 dropped"]),
    (
        _object(),
        {**_object(), "additionalProperties": False},
        ["breaking input: additionalProperties False added"],
    ),
    (_object(), {**_object(), "additionalProperties": True}, []),
    (_others(True), _others(STRING), [f"breaking input: additionalProperties {STRING} added"]),
    (_object(), _others(STRING), [f"breaking input: additionalProperties {STRING} added"]),
    (_others(STRING), _others({}), [f"additive input: additionalProperties {STRING} dropped"]),
    (
        _others(STRING),
        _others(INTEGER),
        ["breaking input/additionalProperties: type changed from string to integer"],
    ),
    (
        _others(STRING),
        _others(False),
        [f"breaking input: additionalProperties tightened from {STRING} to False"],
    ),
    (
        _others(False),
        _others(STRING),
        [f"additive input: additionalProperties loosened from False to {STRING}"],
    ),
    (_x(), _x(minItems=0, minLength=0, minProperties=0, uniqueItems=False), []),
    (_x(minItems=0), _x(), []),
    (
        _x(exclusiveMinimum=0),
        _x(minimum=0),
        ["additive input/x: exclusiveMinimum 0 loosened to minimum 0"],
    ),
    (
        _x(maximum=9),
        _x(exclusiveMaximum=9),
        ["breaking input/x: maximum 9 tightened to exclusiveMaximum 9"],
    ),
    (
        _x(exclusiveMaximum=9),
        _x(maximum=8),
        ["breaking input/x: exclusiveMaximum 9 tightened to maximum 8"],
    ),
    (_x(enum=[1, "a"]), _x(enum=[1.0, "a"]), []),
    (
        _x(enum=[1]),
        _x(enum=[True]),
        ["breaking input/x: value 1 gone", "additive input/x: value True added"],
    ),
    (
        _x(type="array", items=STRING),
        _x(type="array", items=INTEGER),
        ["breaking input/x/items: type changed from string to integer"],
    ),
    (
        _x(type="array"),
        _x(type="array", items=STRING),
        ["breaking input/x/items: type changed from any to string"],
    ),
    (
        _x(type="array", items=STRING),
        _x(type="array"),
        ["additive input/x/items: type changed from string to any"],
    ),
    (
        _x(**_object(a=STRING)),
        _x(**_object(["a"], a=STRING)),
        ["breaking input/x/a: is now required"],
    ),
    (_rule(14), _rule(20), ["breaking input/x: file rule width_pixels> tightened from 14 to 20"]),
    (_rule(14), _rule(10), ["additive input/x: file rule width_pixels> loosened from 14 to 10"]),
    (
        _rule(9, "height_pixels<"),
        _rule(8, "height_pixels<"),
        ["breaking input/x: file rule height_pixels< tightened from 9 to 8"],
    ),
    (
        IMAGE,
        _x(format="image_uri", **WIDE),
        ["breaking input/x: file rule width_pixels> 14 added"],
    ),
    (
        _x(format="image_uri", **WIDE),
        IMAGE,
        ["additive input/x: file rule width_pixels> removed"],
    ),
    (
        _x(format="image_uri", anyOf=[STRING, {"type": "null"}]),
        _x(format="image_uri", anyOf=[{**STRING, **WIDE}, {"type": "null"}]),
        ["breaking input/x: file rule width_pixels> 14 added"],
    ),
    # The other dialect of the same input.
    (
        _x(type="array", items=STRING, format="image_uris"),
        _x(type="array", items={**STRING, "format": "image_uri"}),
        ["text input/x: format changed", "text input/x/items: format changed"],
    ),
    (
        IMAGE,
        _x(),
        [
            "breaking input/x: is no longer a media input, so it does not accept local files",
            "text input/x: format changed",
        ],
    ),
    (
        _x(),
        IMAGE,
        ["additive input/x: is now a media input", "text input/x: format changed"],
    ),
    (
        _rule(14),
        _rule(14, error="new"),
        ["text input/x: wording of file rule width_pixels> changed"],
    ),
    (_x(title="a"), _x(title="b"), ["text input/x: title changed"]),
    (_x(description="a"), _x(), ["text input/x: description changed"]),
    (_x(default=1), _x(default=2), ["text input/x: default changed"]),
    (_x(format="png"), _x(format="jpg"), ["text input/x: format changed"]),
    (
        IMAGE,
        _x(format="video_uri"),
        [
            "breaking input/x: kind of file changed from image to video",
            "text input/x: format changed",
        ],
    ),
    (_x(deprecated=True), _x(), ["text input/x: deprecated changed"]),
    (
        _x(anyOf=[STRING, {"title": "a"}]),
        _x(anyOf=[STRING, {"title": "b"}]),
        ["text input/x/anyOf/1: title changed"],
    ),
    (
        {"$defs": {"d": {"properties": {"y": {"description": "a"}}}}},
        {"$defs": {"d": {"properties": {"y": {"description": "b"}}}}},
        ["text input/$defs/d/y: description changed"],
    ),
    ({**_object(), "title": "a"}, {**_object(), "title": "b"}, ["text input: title changed"]),
    (
        _x(type="array", items={"title": "a"}),
        _x(type="array", items={"title": "b"}),
        ["text input/x/items: title changed"],
    ),
    (
        {"$defs": {"d": STRING}, **_x(**{"$ref": "#/$defs/d"})},
        {"$defs": {"d": INTEGER}, **_x(**{"$ref": "#/$defs/d"})},
        ["breaking input/$defs/d: type changed from string to integer"],
    ),
    (
        {"allOf": [_object(a=STRING), _object(b=STRING)]},
        {"allOf": [_object(a=STRING, b=STRING)]},
        [
            "breaking input: allOf tightened from [{'type': 'object', 'properties': {'a': "
            "{'type': 'string'}}}, {'type': 'object', 'properties': {'b': {'type': 'string'}}}] to "
            "[{'type': 'object', 'properties': {'a': {'type': 'string'}, 'b': {'type': 'string'}}}]"
        ],
    ),
    (
        _object(a=STRING),
        {"type": "object", "$ref": "#/$defs/d", "$defs": {"d": _object(b=STRING)}},
        [
            "breaking input: $ref #/$defs/d added",
            "breaking input/a: input removed",
            "additive input/b: input added",
        ],
    ),
    (
        {**_object(), "properties": {"a/b~": STRING}},
        _object(),
        ["breaking input/a~1b~0: input removed"],
    ),
    (
        _object(a=STRING, b={"title": "a"}),
        _object(b={"title": "b"}, c=STRING),
        [
            "breaking input/a: input removed",
            "additive input/c: input added",
            "text input/b: title changed",
        ],
    ),
]

OUTPUTS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    (_object(a=STRING), _object(), ["breaking output/a: output field removed"]),
    (_object(), _object(["a"], a=STRING), ["additive output/a: output field added"]),
    (_object(["a"], a=STRING), _object(a=STRING), ["breaking output/a: is now optional"]),
    (_object(a=STRING), _object(["a"], a=STRING), ["additive output/a: is now required"]),
    (_x(type="string"), _x(), ["breaking output/x: type changed from string to any"]),
    (_x(), _x(type="string"), ["additive output/x: type changed from any to string"]),
    (_x(enum=["a"]), _x(enum=["a", "b"]), ["breaking output/x: value 'b' added"]),
    (_x(enum=["a", "b"]), _x(enum=["a"]), ["additive output/x: value 'b' gone"]),
    (_x(maximum=1), _x(maximum=2), ["breaking output/x: maximum loosened from 1 to 2"]),
    (_x(description="a"), _x(description="b"), ["text output/x: description changed"]),
]


def _told(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [f"{change.kind} {change.place}: {change.text}" for change in compare(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "changes"), INPUTS, ids=[str(changes) for *_, changes in INPUTS]
)
def test_a_change_of_the_input(
    old: dict[str, Any], new: dict[str, Any], changes: list[str]
) -> None:
    assert _told({"input": old, "output": {}}, {"input": new, "output": {}}) == changes


@pytest.mark.parametrize(
    ("old", "new", "changes"), OUTPUTS, ids=[str(changes) for *_, changes in OUTPUTS]
)
def test_a_change_of_the_output(
    old: dict[str, Any], new: dict[str, Any], changes: list[str]
) -> None:
    assert _told({"input": {}, "output": old}, {"input": {}, "output": new}) == changes
