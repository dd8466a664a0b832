"""Inputs in parts of the schema are inputs of the class, and names that a schema accepts are not unknown."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from runcomfy import ValidationError, validate
from runcomfy_codegen.diagnostics import Diagnostic
from support.small_models import load, make

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
OBJECT, OBJECT_2 = ({"type": "object", "properties": {name: STRING}} for name in "ab")
P, Q = {"properties": {"p": STRING}, "required": ["p"]}, {"properties": {"q": INTEGER}}


def made(tmp_path: Path, schema: dict[str, Any]) -> tuple[Any, tuple[Diagnostic, ...]]:
    """The class of a model with this input schema, and the notes of the report."""
    generation = make(tmp_path, {"acme/small": schema})
    cls = load(tmp_path, "made_models.acme.small").Small
    return cls, generation.manifest.models["acme/small"].notes


def signature(cls: Any) -> str:
    """The constructor as an editor shows it, without its marks."""
    text = str(inspect.signature(cls)).replace("'", "").replace(" = <UNSET>", " = UNSET")
    return text.removeprefix("(*, ").removesuffix(")")


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"$ref": "#/$defs/In", "$defs": {"In": {**P, "title": "In"}}}, "p: str"),
        ({"allOf": [P, Q]}, "p: str, q: int | Unset = UNSET"),
        ({"allOf": [{"$ref": "#/$defs/In"}], "$defs": {"In": {"allOf": [P]}}}, "p: str"),
        ({**Q, "allOf": [P]}, "p: str, q: int | Unset = UNSET"),
        ({**Q, "allOf": [{**P, "required": ["p", "q"]}]}, "q: int, p: str"),
        ({**Q, "allOf": [{"required": ["q"]}]}, "q: int"),
        ({"anyOf": [P, Q]}, "p: str | Unset = UNSET, q: int | Unset = UNSET"),
        ({"anyOf": [P, {"type": "null"}]}, "p: str"),
        (
            {"oneOf": [P, {"properties": {"p": INTEGER}, "required": ["p"]}]},
            "p: str | int",
        ),
        (
            {"oneOf": [{"properties": {"p": one}} for one in (OBJECT, STRING, OBJECT_2, OBJECT)]},
            "p: SmallPOption1 | str | SmallPOption3 | Unset = UNSET",
        ),
        ({"oneOf": [P, {"properties": {"p": False}}]}, "p: str | Unset = UNSET"),
        (
            {"if": {"required": ["p"]}, "then": P, "else": Q},
            "p: str | Unset = UNSET, q: int | Unset = UNSET",
        ),
        ({"dependentSchemas": {"q": P}, **Q}, "q: int | Unset = UNSET, p: str | Unset = UNSET"),
        ({"properties": {"p": {}}, "allOf": [P]}, "p: str"),
        (
            {**P, "oneOf": [{"properties": {"p": {"const": "a"}}}, {}]},
            "p: str",
        ),
    ],
    ids=str,
)
def test_an_input_in_a_part_is_an_input_of_the_class(
    tmp_path: Path, schema: dict[str, Any], shown: str
) -> None:
    assert signature(made(tmp_path, schema)[0]) == shown


def test_such_an_input_is_checked_described_and_takes_files(tmp_path: Path) -> None:
    rules = [{"validation_rule": "width_pixels>", "validation_value": 14}]
    image = {"type": "string", "format": "image_uri", "validations": rules, "title": "The picture"}
    part = {"properties": {"image": image}, "required": ["image"], "description": "Paints."}
    cls, notes = made(tmp_path, {"$ref": "#/$defs/In", "$defs": {"In": part}})
    assert cls(image="https://example.com/a.png").payload() == {
        "image": "https://example.com/a.png"
    }
    with pytest.raises(ValidationError) as refused:
        cls(image=3)
    assert [(v.pointer, v.rule) for v in refused.value.violations] == [("/image", "type")]
    assert [(one.path, len(one.rules)) for one in cls._media] == [(("image",), 1)]
    source = Path(inspect.getfile(cls)).read_text(encoding="utf-8")
    assert "The picture." in source
    assert "Paints." in cls.__doc__
    report = validate(cls, {"image": "https://example.com/a.png"}, strict=True)
    assert report.valid
    assert notes == ()


def test_a_part_may_require_what_another_part_declares(tmp_path: Path) -> None:
    part = {**P, "required": ["p", "q", "ghost"]}
    cls, notes = made(tmp_path, {**Q, "allOf": [{"$ref": "#/$defs/In"}], "$defs": {"In": part}})
    assert [error.limit for error in validate(cls, {"p": "a"}).errors] == ["q"]
    assert ("/$defs/In/required", "oddity") in [(note.place, note.kind) for note in notes]


def test_notes_name_the_place_in_the_schema(tmp_path: Path) -> None:
    rules = [{"validation_rule": "loudness<", "validation_value": 14}]
    _, notes = made(tmp_path, {"allOf": [{"properties": {"x": {"validations": rules}}}]})
    assert [note.place for note in notes] == ["/allOf/0/properties/x/validations/0"]


@pytest.mark.parametrize("keyword", ["if", "not"])
def test_what_is_requested_and_is_no_input_is_reported(tmp_path: Path, keyword: str) -> None:
    cls, notes = made(tmp_path, {**Q, keyword: {"properties": {"p": STRING, "q": {"const": 1}}}})
    assert signature(cls) == "q: int | Unset = UNSET"
    assert (f"/{keyword}", "fallback", "names 'p', which is not an input of the class") in {
        (note.place, note.kind, note.text) for note in notes
    }


def test_a_reference_in_a_circle_ends(tmp_path: Path) -> None:
    cls, _ = made(tmp_path, {**Q, "allOf": [{"$ref": "#"}, {"$ref": "#/allOf/1"}, P]})
    assert signature(cls) == "p: str, q: int | Unset = UNSET"


@pytest.mark.parametrize(
    ("root", "warned"),
    [
        ({}, ["/x_1", "/y"]),
        ({"additionalProperties": True}, []),
        ({"additionalProperties": {}}, []),
        ({"additionalProperties": STRING}, []),
        ({"unevaluatedProperties": STRING}, []),
        ({"allOf": [{"additionalProperties": STRING}]}, []),
        ({"patternProperties": {"^x_": STRING}}, ["/y"]),
        ({"patternProperties": {"^x_(": STRING}}, ["/x_1", "/y"]),
    ],
    ids=str,
)
def test_a_name_that_the_schema_takes_is_no_unknown_input(
    tmp_path: Path, root: dict[str, Any], warned: list[str]
) -> None:
    cls, _ = made(tmp_path, {**P, **root})
    report = validate(cls, {"p": "a", "x_1": "b", "y": "c"})
    assert report.valid
    assert [warning.pointer for warning in report.warnings] == warned


def test_a_closed_schema_names_a_stranger_once(tmp_path: Path) -> None:
    cls, _ = made(tmp_path, {"allOf": [P], "unevaluatedProperties": False})
    report = validate(cls, {"p": "a", "y": "c"})
    assert [error.rule for error in report.errors] == ["unevaluatedProperties"]
    assert report.warnings == []
