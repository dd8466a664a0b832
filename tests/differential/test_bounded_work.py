"""Hostile schemas cost a bounded amount of work, and what is not checked is reported."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import runcomfy
from runcomfy import ValidationError
from runcomfy.model.request import check_payload
from runcomfy_codegen.pipeline import PipelineResult
from support.small_models import load, make

SHORT = {"type": "string", "maxLength": 3}


def made(tmp_path: Path, properties: dict[str, Any], **root: Any) -> tuple[Any, PipelineResult]:
    schema = {"type": "object", "properties": properties, **root}
    generation = make(tmp_path, {"acme/small": schema, "acme/other": {"type": "object"}})
    return load(tmp_path, "made_models.acme.small").Small, generation


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": ["a" * 40 + "!"]},
        {"default": "a" * 40 + "!"},
        {"examples": ["a" * 40 + "!"]},
        {"const": "a" * 40 + "!"},
    ],
    ids=str,
)
def test_a_slow_pattern_over_the_schemas_own_texts_ends(
    tmp_path: Path, schema: dict[str, Any]
) -> None:
    cls, _ = made(tmp_path, {"x": {"type": "string", "pattern": "^(a+)+$", **schema}})
    assert len(check_payload(cls, {"x": "a" * 40 + "!"})) == 1


def test_a_pattern_that_nothing_can_bound_is_left_out_and_reported(tmp_path: Path) -> None:
    cls, generation = made(tmp_path, {"x": {"pattern": "^(a+)+\\1$", "maxLength": 99}})
    assert check_payload(cls, {"x": "a" * 60 + "!"}) == []
    [note] = generation.manifest.models["acme/small"].notes
    assert (note.kind, note.place) == ("documented", "/properties/x/pattern")


@pytest.mark.parametrize("levels", [24, 40])
@pytest.mark.parametrize("keyword", ["allOf", "anyOf"])
def test_doubling_references_are_asked_once_a_level(
    tmp_path: Path, levels: int, keyword: str
) -> None:
    twice = {f"d{i}": {keyword: [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(levels)}
    definitions = {**twice, f"d{levels}": SHORT}
    cls, _ = made(tmp_path, {"x": {"$ref": "#/$defs/d0"}}, **{"$defs": definitions})
    assert check_payload(cls, {"x": "abc"}) == []
    assert len(check_payload(cls, {"x": "abcd"})) == 1


RECURSIVE = {
    "a": {"anyOf": [{"items": {"$ref": "#/$defs/a"}}, {"items": {"$ref": "#/$defs/b"}}]},
    "b": {"anyOf": [{"type": "null"}, {"items": {"$ref": "#/$defs/a"}, "minItems": 1}]},
}


def test_a_recursive_union_is_judged(tmp_path: Path) -> None:
    cls, _ = made(tmp_path, {"x": {"$ref": "#/$defs/b"}}, **{"$defs": RECURSIVE})
    assert check_payload(cls, {"x": tree(8)}) == []
    assert runcomfy.validate(cls, {"x": tree(8)}).unchecked == []


def tree(levels: int) -> list[Any]:
    return [tree(levels - 1), tree(levels - 1)] if levels else [5]


def test_what_takes_too_much_work_is_unchecked_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cls, _ = made(tmp_path, {"x": {"$ref": "#/$defs/b"}}, **{"$defs": RECURSIVE})
    monkeypatch.setattr("runcomfy.model.library_validator.MAX_STEPS", 20)
    report = runcomfy.validate(cls, {"x": [[[[1]], [[2]]]]})
    assert report.valid
    [unchecked] = report.unchecked
    assert (unchecked.pointer, unchecked.rule) == ("/x", "schema")
    assert "steps" in unchecked.reason
    assert cls(x=[[[[1]], [[2]]]]).payload() == {"x": [[[[1]], [[2]]]]}


@pytest.mark.parametrize("compiled", [True, False])
def test_a_union_is_reported_by_the_option_that_comes_closest(
    tmp_path: Path, compiled: bool
) -> None:
    left = {} if compiled else {"propertyNames": {"type": "string"}}
    options = [
        {"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}},
        {"type": "object", "properties": {"kind": {"const": "b"}, "y": {"maximum": 3}}},
    ]
    cls, _ = made(tmp_path, {"v": {"oneOf": options, **left}})
    text = Path(sys.modules[cls.__module__].__file__ or "").read_text(encoding="utf-8")
    assert ("check_by_library" in text) != compiled
    found = check_payload(cls, {"v": {"kind": "b", "y": 4}})
    assert [(one.pointer, one.rule, one.limit) for one in found] == [("/v/y", "maximum", 3)]
    [none] = check_payload(cls, {"v": {"kind": "c"}})
    assert none.message == 'matches no option: /kind must be "a" or /kind must be "b"'
    [two] = check_payload(cls, {"v": {}})
    assert (two.pointer, two.rule) == ("/v", "oneOf")
    [other] = check_payload(cls, {"v": 1})
    assert (other.pointer, other.rule) == ("/v", "type" if compiled else "oneOf")
    with pytest.raises(ValidationError):
        cls(v={"kind": "c"})


def test_equal_values_are_reported_each_at_its_place(tmp_path: Path) -> None:
    """One object stands twice in a list, so the library is asked once."""
    layer = {
        "anyOf": [
            {"type": "object", "properties": {"w": {"maximum": 3}}},
            {"type": "object", "required": ["z", "y"]},
        ]
    }
    tree = {
        "anyOf": [{"$ref": "#/$defs/layer"}, {"type": "array", "items": {"$ref": "#/$defs/tree"}}]
    }
    cls, _ = made(
        tmp_path, {"x": {"$ref": "#/$defs/tree"}}, **{"$defs": {"layer": layer, "tree": tree}}
    )
    wide = {"w": 4}
    found = check_payload(cls, {"x": [[wide], wide, wide]})
    assert sorted(one.pointer for one in found) == ["/x/0/0/w", "/x/1/w", "/x/2/w"]


def test_unions_in_unions_are_reported_in_bounded_work(tmp_path: Path) -> None:
    twice = [{"items": {"$ref": "#/$defs/a"}}, {"items": {"$ref": "#/$defs/a"}}, {"type": "string"}]
    cls, _ = made(tmp_path, {"x": {"$ref": "#/$defs/a"}}, **{"$defs": {"a": {"anyOf": twice}}})
    value: Any = 1
    for _ in range(30):
        value = [value]
    assert len(check_payload(cls, {"x": [[["a"]]]})) == 0
    assert len(check_payload(cls, {"x": value})) <= 1
