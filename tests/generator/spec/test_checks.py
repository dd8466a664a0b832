"""What real catalogues write becomes straight-line code, with the verdicts of the jsonschema library."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from runcomfy.model.request import check_payload
from runcomfy_codegen.schema import keywords
from runcomfy_codegen.spec.checks import compile_checks
from support.differential.oracle import Oracle
from support.small_models import load, make, make_class

TEXT, SHORT, WHOLE = {"type": "string"}, {"type": "string", "maxLength": 3}, {"type": "integer"}
ENUM = {"type": "string", "enum": ["a", "b"]}
SIZE = {
    "type": "object", "properties": {"w": {"type": "integer"}, "h": {"type": "integer"}}, "required": ["w"],
}  # fmt: skip
VALUES: list[Any] = [
    None, True, 0, 1, 1.0, 1.5, -3, 64, "", "a", "b", "c", "abcd", [], ["a"], ["a", "a"], [1, 1.0], [1, True], [1, 5],
    [None], {}, {"d": "all"}, {"d": "one"}, {"d": "one", "w": 1}, {"d": "x"}, {"d": {"w": 1}}, {"d": {"w": ""}}, {"w": 1}, {"w": "1"}, {"w": 1, "h": None}, {"h": 2}, ["a", "b", "a"], [{"w": 1}, {"w": 1.0}], "abc",
]  # fmt: skip

COMPILED: dict[str, dict[str, Any]] = {
    "anyOf with null": {"anyOf": [SHORT, {"type": "null"}]},
    "oneOf with null": {"oneOf": [{"type": "null"}, {"type": "array", "items": SHORT}]},
    "null in a reference": {"anyOf": [{"$ref": "#/$defs/size"}, {"type": "null"}]},
    "different types": {"oneOf": [SHORT, {"type": "integer", "minimum": 1}, SIZE]},
    "an enum or a number": {"anyOf": [ENUM, {"type": "integer", "minimum": 64}]},
    "enums": {"anyOf": [ENUM, {"enum": ["c", 1]}]},
    "enums that overlap, of which one": {"oneOf": [ENUM, {"enum": ["b", "c"]}]},
    "constants": {"oneOf": [{"const": "a"}, {"const": 1}, {"const": None}]},
    "text or a known text": {"anyOf": [TEXT, ENUM]},
    "a known text within bounds": {"anyOf": [ENUM, SHORT]},
    "allOf of one": {"allOf": [{"$ref": "#/$defs/choice"}], "title": "Choice", "default": "a"},
    "allOf of one with more": {"allOf": [{"$ref": "#/$defs/size"}], "properties": {"d": TEXT}},
    "reference": {"$ref": "#/$defs/size"},
    "reference with a bound": {"$ref": "#/$defs/short", "minLength": 1},
    "reference to a reference": {"$ref": "#/$defs/indirect"},
    "list of references": {"type": "array", "items": {"$ref": "#/$defs/size"}},
    "unique items": {"type": "array", "uniqueItems": True},
    "not unique": {"type": "array", "uniqueItems": False},
    "contains": {"type": "array", "contains": {"const": "a"}, "minContains": 2, "maxContains": 2},
    "contains none": {"contains": {"enum": [1, "a"]}, "minContains": 0, "maxContains": 1},
    "bounds of no contains": {"type": "array", "minContains": 3, "maxContains": 0},
    "dependent names": {"type": "object", "dependentRequired": {"w": ["h"], "h": ["w", "d"]}},
    "union in a union": {"anyOf": [{"anyOf": [SHORT, {"type": "null"}]}, {"type": "array"}]},
    "nullable items": {"type": "array", "items": {"anyOf": [SHORT, {"type": "null"}]}},
    "enum beside anything": {"enum": ["a", 1, None], "not": {"const": 1}, "anyOf": [TEXT, {}]},
    "nothing fits": {"enum": []},
    "texts with different bounds": {"anyOf": [SHORT, {"type": "string", "pattern": "^a"}]},
    "one of a text and a known text": {"oneOf": [TEXT, ENUM]},
    "one of two numbers": {
        "oneOf": [{"type": "integer"}, {"type": "number", "minimum": 1}, {"type": "null"}]
    },
    "lists of different items": {
        "anyOf": [
            {"type": "array", "items": TEXT},
            {"type": "array", "items": WHOLE},
            {"type": "array", "items": SIZE},
            TEXT,
        ]
    },
    "objects that nothing tells apart": {
        "oneOf": [SIZE, {"type": "object", "properties": {"h": WHOLE}, "required": ["h"]}]
    },
    "unions in a union": {
        "anyOf": [{"oneOf": [SIZE, {"type": "object", "minProperties": 2}]}, {"required": ["d"]}]
    },
    "a definition that two options use": {
        "anyOf": [
            {"$ref": "#/$defs/size"},
            {"type": "object", "properties": {"d": {"anyOf": [{"$ref": "#/$defs/size"}, TEXT]}}},
        ]
    },
    "a mark that may be missing": {
        "anyOf": [
            {"type": "object", "properties": {"d": {"const": "all"}}},
            {
                "type": "object",
                "properties": {"d": {"const": "one"}, "w": WHOLE},
                "required": ["w"],
            },
        ]
    },
    "type beside a union": {"type": ["string", "null"], "anyOf": [SHORT, {"type": "array"}]},
}
DEFINITIONS = {
    "short": SHORT, "size": SIZE, "choice": {"type": "string", "enum": ["a", "b"]},
    "indirect": {"$ref": "#/$defs/nullable"}, "nullable": {"anyOf": [{"$ref": "#/$defs/short"}, {"type": "null"}]},
}  # fmt: skip


@pytest.mark.parametrize("schema", COMPILED.values(), ids=COMPILED)
def test_it_is_compiled_with_the_verdicts_of_the_library(
    tmp_path: Path, schema: dict[str, Any]
) -> None:
    root = {"type": "object", "properties": {"x": schema}, "$defs": DEFINITIONS}
    generation = make(tmp_path, {"acme/small": root})
    notes = generation.manifest.models["acme/small"].notes
    assert [note for note in notes if note.kind == "fallback"] == []
    oracle = Oracle(load(tmp_path, "made_models.acme.small").Small)
    for value in VALUES:
        oracle.compare({"x": value})


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"maxLength": 3}, {"maxLength": 2}]},
        {"allOf": [SIZE, {"properties": {"d": TEXT}, "additionalProperties": False}]},
        {"$ref": "#/$defs/tree"},
        {"not": TEXT},
        {"contains": TEXT},
    ],
    ids=str,
)
def test_what_depends_on_more_is_left_to_the_library(
    tmp_path: Path, schema: dict[str, Any]
) -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#/$defs/tree"}}}
    cls = make_class(tmp_path, {"x": schema}, **{"$defs": {**DEFINITIONS, "tree": tree}})
    oracle = Oracle(cls)
    for value in VALUES:
        oracle.compare({"x": value})


def test_a_payload_of_references_is_compiled(tmp_path: Path) -> None:
    schema = {
        "allOf": [{"$ref": "#/$defs/size"}],
        "$defs": DEFINITIONS,
        "dependentRequired": {"w": ["h"]},
    }
    generation = make(tmp_path, {"acme/small": schema})
    assert generation.manifest.models["acme/small"].notes == ()
    oracle = Oracle(load(tmp_path, "made_models.acme.small").Small)
    verdicts = [oracle.compare(one) for one in ({}, {"w": 1}, {"w": 1, "h": 2}, {"w": "1", "h": 2})]
    assert verdicts == [False, False, True, False]


def test_validating_it_imports_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cls = make_class(tmp_path, {"x": COMPILED["different types"]}, **{"$defs": DEFINITIONS})
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert [(v.pointer, v.rule) for v in check_payload(cls, {"x": 0})] == [("/x", "minimum")]


def test_code_beyond_measure_is_left_to_the_library(tmp_path: Path) -> None:
    wide: dict[str, Any] = {
        "d0": {"type": "object", "properties": {f"p{i}": TEXT for i in range(9)}}
    }
    for i in range(1, 4):
        again = {f"p{j}": {"$ref": f"#/$defs/d{i - 1}"} for j in range(9)}
        wide[f"d{i}"] = {"type": "object", "properties": again}
    schema = {"type": "object", "properties": {"x": {"$ref": "#/$defs/d3"}}, "$defs": wide}
    make(tmp_path, {"acme/small": schema})
    text = (tmp_path / "out/made_models/acme/small.py").read_text(encoding="utf-8")
    assert "check_by_library" in text
    assert len(text) < 20_000


@pytest.mark.parametrize(
    ("keyword", "kind", "place"),
    [("maxLines", "string", "spec/conditions.py"), ("pattern", "string", "messages.py")],
)
def test_a_keyword_that_is_half_added_fails_and_names_the_place(
    monkeypatch: pytest.MonkeyPatch, keyword: str, kind: str, place: str
) -> None:
    from runcomfy.model import messages

    monkeypatch.setitem(keywords.COMPILED, keyword, kind)
    if place == "messages.py":
        monkeypatch.delitem(messages.WORDS, keyword)
    with pytest.raises(RuntimeError) as failed:
        compile_checks({"type": "object"})
    assert place in str(failed.value)
    assert repr(keyword) in str(failed.value)


def test_a_long_enum_takes_work_that_grows_with_its_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0

    def count(value: object, allowed: tuple[object, ...]) -> bool:
        nonlocal compared
        compared += len(allowed)
        return value in allowed

    monkeypatch.setattr("runcomfy_codegen.spec.enums.is_member", count)
    values = [*map(str, range(500)), *range(500), True, None]
    model = make_class(tmp_path, {"style": {"enum": values}})
    assert compared <= len(values)
    assert [check_payload(model, {"style": one}) for one in ("7", 7, 7.0, True, None)] == [[]] * 5
    assert check_payload(model, {"style": False})


A = {
    "type": "object",
    "properties": {"kind": {"const": "a"}, "n": WHOLE},
    "required": ["kind", "n"],
}
B = {"type": "object", "properties": {"kind": {"enum": ["b", "c"]}}, "required": ["kind"]}


@pytest.mark.parametrize("word", ["anyOf", "oneOf"])
@pytest.mark.parametrize("root", [False, True])
def test_objects_that_a_text_distinguishes_need_no_library(
    tmp_path: Path, word: str, root: bool
) -> None:
    union = {word: [A, {"$ref": "#/$defs/B"}], "$defs": {"B": B}}
    schema = union if root else {"type": "object", "properties": {"x": {word: [A, B]}}}
    make(tmp_path, {"acme/small": schema})
    text = (tmp_path / "out/made_models/acme/small.py").read_text(encoding="utf-8")
    assert "check_by_library" not in text
    oracle = Oracle(load(tmp_path, "made_models.acme.small").Small)
    values = [
        {"kind": "a", "n": 1}, {"kind": "b"}, {"kind": "c", "other": 1}, {"kind": "a"}, {"kind": "d"},
        {"kind": ["a"]}, {"kind": None}, {}, {"n": 1}, {"kind": "b", "n": "any"},
    ]  # fmt: skip
    verdicts = [oracle.compare(value if root else {"x": value}) for value in values]
    assert verdicts == [True, True, True, *[False] * 6, True]


def test_values_of_other_members_need_no_library_and_name_their_place(tmp_path: Path) -> None:
    closed = {"type": "object", "properties": {"q": WHOLE}, "additionalProperties": False}
    schema = {"type": "object", "additionalProperties": closed, "properties": {"a": WHOLE}}
    make(tmp_path, {"acme/small": {"type": "object", "properties": {"x": schema}}})
    small = load(tmp_path, "made_models.acme.small").Small
    oracle = Oracle(small)
    assert oracle.compare({"x": {"a": 1, "b": {"q": 2}}})
    assert not oracle.compare({"x": {"b": {"q": 2}, "c/d": {"q": "no"}, "e": {"z": 1}, "f": 0}})
    [one] = check_payload(small, {"x": {"c/~d": {"q": "no"}}})
    assert one.pointer == "/x/c~1~0d/q"
    assert [one.rule for one in check_payload(small, {"x": {1: {}}})] == ["json"]


@pytest.mark.parametrize(
    "forms", [[A, B], [{**A, "required": ["n"]}, {**B, "required": []}]], ids=["marked", "unmarked"]
)
def test_an_input_of_another_form_has_to_be_json(
    tmp_path: Path, forms: list[dict[str, Any]]
) -> None:
    other = {**forms[1], "properties": {**forms[1]["properties"], "more": {}}}
    make(tmp_path, {"acme/small": {"anyOf": [forms[0], other]}})
    small = load(tmp_path, "made_models.acme.small").Small
    assert check_payload(small, {"kind": "a", "n": 1, "more": 0.5}) == []
    assert check_payload(small, {"kind": "a", "n": 1, "more": float("nan")})


def test_an_option_takes_members_of_enums_and_tuples(tmp_path: Path) -> None:
    class Kind(StrEnum):
        a = "a"

    form = {"type": "object", "properties": {"kind": {"const": "a"}, "n": {"items": WHOLE}}}
    cls = make_class(tmp_path, {"x": {"oneOf": [form, {"type": "object", "required": ["z"]}]}})
    assert cls(x={"kind": Kind.a, "n": (1, 2)}).payload() == {"x": {"kind": "a", "n": [1, 2]}}
    assert [one.pointer for one in check_payload(cls, {"x": {"kind": Kind.a, "n": ("",)}})] == [
        "/x"
    ]
