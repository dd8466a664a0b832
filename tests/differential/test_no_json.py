"""Values that JSON cannot hold: the library takes some of them or breaks, ours refuse them in words."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

import runcomfy
from runcomfy.model.request import check_payload
from support.small_models import make_class

NAN, INFINITY = float("nan"), float("inf")
LIBRARY: dict[str, Any] = {"not": {"const": "never"}, "multipleOf": 0.5}
#: Schemas whose straight-line code, and whose absence of it, would let such a value through.
SCHEMAS: dict[str, Any] = {
    "any value": {},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "number without a type": {"minimum": 0},
    "enum": {"enum": [0, "a", None]},
    "library": LIBRARY,
}


def refused(cls: Any, payload: object) -> list[str]:
    """Where ``payload`` is refused; construction agrees."""
    violations = check_payload(cls, payload)
    assert violations
    assert all(violation.message for violation in violations)
    with pytest.raises(runcomfy.ValidationError):
        cls.from_payload(payload)
    return sorted({violation.pointer for violation in violations})


@pytest.mark.parametrize("number", [NAN, INFINITY, -INFINITY], ids=str)
@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_nan_and_infinities_are_refused(tmp_path: Path, schema: Any, number: float) -> None:
    cls = make_class(tmp_path, {"x": schema})
    assert refused(cls, {"x": number}) == ["/x"]


@pytest.mark.parametrize(
    ("schema", "payload", "place"),
    [
        ({"type": "array"}, {"x": [1, [NAN]]}, "/x/1/0"),
        ({"type": "array", "items": {}}, {"x": [NAN]}, "/x/0"),
        ({"items": {"minItems": 1}}, {"x": [[NAN]]}, "/x/0/0"),
        ({"type": "object"}, {"x": {"a": {"b/c": NAN}}}, "/x/a/b~1c"),
        ({"type": "object", "properties": {"a": {}}}, {"x": {"a": NAN}}, "/x/a"),
        ({"type": "object", "properties": {"a": {}}}, {"x": {"z": NAN}}, "/x/z"),
        ({"type": "object", "additionalProperties": {}}, {"x": {"z": [NAN]}}, "/x/z/0"),
        ({"anyOf": [{}]}, {"x": [{"a": NAN}]}, "/x/0/a"),
        ({}, {"unknown": [NAN]}, "/unknown/0"),
    ],
)
def test_nan_is_found_wherever_it_hides(
    tmp_path: Path, schema: Any, payload: Any, place: str
) -> None:
    assert refused(make_class(tmp_path, {"x": schema}), payload) == [place]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"properties": {"a": {}}},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
        {"patternProperties": {"^a": {"type": "integer"}}},
        {"propertyNames": {"pattern": "^a"}},
        {"additionalProperties": {"type": "integer"}},
        {"anyOf": [{"type": "object"}]},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", [1, None, True, 1.5, b"a", ("a",)], ids=repr)
def test_member_names_that_are_no_texts_are_refused(
    tmp_path: Path, schema: Any, name: object
) -> None:
    assert refused(make_class(tmp_path, {"x": schema}), {"x": {name: 1}}) == ["/x"]


def test_an_input_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    assert refused(make_class(tmp_path, {"x": {}}), {1: 1}) == [""]


@pytest.mark.parametrize("schema", [{}, {"type": "array"}, {"items": {}}, {"anyOf": [{}]}], ids=str)
def test_nesting_beyond_200_levels_is_refused_and_none_below(tmp_path: Path, schema: Any) -> None:
    cls = make_class(tmp_path, {"x": schema})
    assert check_payload(cls, {"x": nested(150)}) == []
    assert refused(cls, {"x": nested(250)})
    assert refused(cls, {"x": nested(100_000)})


def test_a_recursive_schema_survives_deep_payloads(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"x": {"type": "array", "items": {"$ref": "#/properties/x"}}})
    assert check_payload(cls, {"x": nested(30)}) == []
    assert refused(cls, {"x": nested(5_000)})


def test_a_list_that_holds_itself_is_refused(tmp_path: Path) -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert refused(make_class(tmp_path, {"x": {"type": "array"}}), {"x": endless})


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
@pytest.mark.parametrize(
    "value",
    [{1}, b"a", 1j, object(), range(3), dict, len, Path("/")],
    ids=lambda v: type(v).__name__,
)
def test_python_objects_are_refused(tmp_path: Path, schema: Any, value: object) -> None:
    assert refused(make_class(tmp_path, {"x": schema}), {"x": value}) == ["/x"]


def test_numbers_of_thousands_of_digits_get_an_answer(tmp_path: Path) -> None:
    huge = 10**5_000
    for schema in (
        {"type": "string"},
        {"multipleOf": 0.5, "maximum": 1},
        {"type": "string", **LIBRARY},
        LIBRARY,
    ):
        [violation] = check_payload(make_class(tmp_path, {"x": schema}), {"x": huge})
        assert "digits" in str(violation)
        assert len(str(violation.as_dict()["value"])) < 100


def test_a_text_of_10_megabytes_is_reported_in_a_line(tmp_path: Path) -> None:
    for schema in ({"type": "string", "maxLength": 5}, {"type": "integer", **LIBRARY}):
        [violation] = check_payload(make_class(tmp_path, {"x": schema}), {"x": "\n" * 10_000_000})
        assert len(str(violation)) < 1_000
        assert "\n" not in str(violation)


@pytest.mark.parametrize(
    "payload",
    [None, True, 1, 1.5, NAN, "x", [], [("x", 1)], (), {1}, object()],
    ids=lambda payload: type(payload).__name__,
)
def test_a_payload_that_is_no_object_is_one_violation(tmp_path: Path, payload: object) -> None:
    cls = make_class(tmp_path, {"x": {"type": "string"}}, required=["x"])
    [violation] = check_payload(cls, payload)
    assert (violation.pointer, violation.rule, violation.limit) == ("", "type", "object")
    assert refused(cls, payload) == [""]


def test_an_ordered_dict_is_an_object(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"x": {"type": "object", "required": ["a"]}})
    assert check_payload(cls, OrderedDict(x=OrderedDict(a=1))) == []
    assert refused(cls, OrderedDict(x=OrderedDict())) == ["/x"]


def nested(levels: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(levels - 1):
        made = [made]
    return made
