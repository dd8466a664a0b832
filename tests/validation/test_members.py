"""Members of nested objects that the schema does not declare: a misspelt one is noticed before it is paid for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest

from runcomfy import ValidationError, validate, validate_json, validate_lines
from runcomfy.mock import small_output
from runcomfy.testing import mock_service
from support.small_models import load, make, make_class

LORA: dict[str, Any] = {"type": "object", "properties": {"path": {"type": "string"}, "scale": {"type": "number"}}}  # fmt: skip
SLIP = {"loras": [{"path": "a"}, {"path": "b", "scael": 1}]}


@pytest.fixture
def model(tmp_path: Path) -> Any:
    return make_class(tmp_path, {"loras": {"type": "array", "items": LORA}})


def test_a_misspelt_member_is_a_warning_with_its_place(model: Any) -> None:
    report = validate(model, SLIP)
    assert report.valid
    [warning] = report.warnings
    assert (warning.pointer, warning.rule) == ("/loras/1/scael", "unknown-input")
    assert warning.message == "is not a member of this object; did you mean 'scale'?"


def test_a_misspelt_member_stops_a_submit_unless_it_is_allowed(model: Any) -> None:
    request = model.from_payload(SLIP)
    with mock_service(make_output=small_output) as service, service.client() as client:
        with pytest.raises(ValidationError, match="did you mean 'scale'"):
            client.submit(request)
        assert service.accepted == 0
        client.submit(request, allow=("unknown-input",))
        assert service.accepted == 1


def test_strict_makes_a_misspelt_member_an_error(model: Any) -> None:
    assert [one.pointer for one in validate(model, SLIP, strict=True).errors] == ["/loras/1/scael"]


def test_a_misspelt_member_is_found_in_text_and_lines(model: Any) -> None:
    good, bad = (json.dumps({"loras": [{"path": "a", name: 1}]}) for name in ("scale", "scael"))
    assert [one.pointer for one in validate_json(model, bad).warnings] == ["/loras/0/scael"]
    found = list(validate_lines(model, [good, bad, good]))
    assert [(line, one.warnings[0].pointer) for line, one in found] == [(2, "/loras/0/scael")]


def test_pydantic_refuses_a_misspelt_member_unless_it_is_allowed(model: Any) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        pydantic.TypeAdapter(model).validate_python(SLIP)
    assert [one["loc"] for one in caught.value.errors()] == [("loras", 1, "scael")]
    allowed = pydantic.TypeAdapter(model).validate_python(SLIP, context={"allow": "unknown-input"})
    assert allowed.payload() == SLIP


PLAIN = {
    "an object": LORA,
    "nullable": {"anyOf": [LORA, {"type": "null"}]},
    "a reference": {"$ref": "#/$defs/lora", "description": "Weights."},
    "allOf of one": {"allOf": [{"$ref": "#/$defs/lora"}], "default": {}},
    "lists of lists": {"type": "array", "items": {"type": "array", "items": LORA}},
    "inside a closed object": {"type": "object", "properties": {"x": LORA}, "additionalProperties": False},
    "inside an open object": {"type": "object", "properties": {"x": LORA}, "additionalProperties": True},
}  # fmt: skip


@pytest.mark.parametrize("part", PLAIN.values(), ids=PLAIN)
def test_members_are_known_behind_references_lists_and_null(
    tmp_path: Path, part: dict[str, Any]
) -> None:
    model = make_class(tmp_path, {"lora": part}, **{"$defs": {"lora": LORA}})
    value: Any = {"scael": 1}
    value = {"x": value} if "properties" in part and "x" in part["properties"] else value
    value = [[value]] if part.get("type") == "array" else value
    assert [one.value for one in validate(model, {"lora": value}).warnings] == [1]


OPEN = {
    "no members": {"type": "object"},
    "an open object": {**LORA, "additionalProperties": True},
    "further members of a type": {**LORA, "additionalProperties": {"type": "integer"}},
    "patterns": {**LORA, "patternProperties": {"^s": {"type": "integer"}}},
    "names of a form": {**LORA, "propertyNames": {"maxLength": 9}},
    "further forms": {**LORA, "anyOf": [{"required": ["path"]}, {"required": ["scael"]}]},
    "two options": {"anyOf": [LORA, {"type": "object", "properties": {"scael": {"type": "integer"}}}]},
    "a required member": {**LORA, "required": ["scael"]},
    "a demo value": {**LORA, "default": {"scael": 2}},
}  # fmt: skip


@pytest.mark.parametrize("part", OPEN.values(), ids=OPEN)
def test_objects_that_may_have_further_members_are_left_alone(
    tmp_path: Path, part: dict[str, Any]
) -> None:
    report = validate(make_class(tmp_path, {"lora": part}), {"lora": {"scael": 1}})
    assert (report.errors, report.warnings) == ([], [])


def test_members_of_the_page_example_are_known(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"loras": {"type": "array", "items": LORA}}}
    make(tmp_path, {"acme/small": schema})
    folder = tmp_path / "schemas/acme/small"
    (folder / "example.json").write_text(json.dumps(SLIP))
    make(tmp_path, {"acme/small": schema})
    assert validate(load(tmp_path, "made_models.acme.small").Small, SLIP).warnings == []


def test_an_input_that_the_root_describes_twice_is_left_alone(tmp_path: Path) -> None:
    other = {"properties": {"lora": {"properties": {"scael": {"type": "integer"}}}}}
    model = make_class(tmp_path, {"lora": LORA}, anyOf=[other, {"required": ["lora"]}])
    assert validate(model, {"lora": {"scael": 1}}).warnings == []


def test_an_object_that_holds_its_like_ends(tmp_path: Path) -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#/$defs/tree"}}}
    model = make_class(tmp_path, {"tree": {"$ref": "#/$defs/tree"}}, **{"$defs": {"tree": tree}})
    found = validate(model, {"tree": {"next": {"next": {}}, "nxet": {}}})
    assert [one.pointer for one in found.warnings] == ["/tree/nxet"]
