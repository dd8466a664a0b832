"""Traps 1 and 2: ``default`` is the playground's demo value, and optional means absent."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import runcomfy
from runcomfy import UNSET
from runcomfy.model.request import check_payload
from support.small_models import make_class


def test_a_required_input_with_a_default_stays_required(tmp_path: Path) -> None:
    cls = make_class(
        tmp_path, {"prompt": {"type": "string", "default": "a demo cat"}}, required=["prompt"]
    )
    [violation] = check_payload(cls, {})
    assert (violation.pointer, violation.rule, violation.limit) == ("", "required", "prompt")
    with pytest.raises(runcomfy.ValidationError, match="prompt is required"):
        cls()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "default": "demo"},
        {"type": "integer", "default": 0},
        {"type": "array", "items": {"type": "string"}, "default": ["https://x/demo.png"]},
        {"type": "boolean", "default": False},
        {"type": "object", "properties": {"a": {"type": "integer", "default": 1}}, "default": {}},
    ],
    ids=lambda schema: schema["type"],
)
def test_no_default_is_ever_filled_in(tmp_path: Path, schema: object) -> None:
    cls = make_class(tmp_path, {"x": schema})
    payload: dict[str, object] = {}
    assert cls().payload() == cls.from_payload(payload).payload() == {}
    assert cls().x is UNSET
    assert payload == {}
    assert inspect.signature(cls).parameters["x"].default is UNSET


def test_no_default_is_filled_in_inside_objects(tmp_path: Path) -> None:
    lora = {"type": "object", "properties": {"scale": {"type": "number", "default": 1}}}
    cls = make_class(tmp_path, {"loras": {"type": "array", "items": lora}})
    assert cls(loras=[{}]).payload() == {"loras": [{}]}


def test_an_example_without_demo_values_is_as_empty_as_pages_show_it(tmp_path: Path) -> None:
    properties = {
        "prompt": {"type": "string"},
        "images": {"type": "array", "items": {"type": "string"}},
        "style": {"type": "string", "default": "oil"},
        "null": {"type": "string", "default": None},
        "free": {},
    }
    cls = make_class(tmp_path, properties, required=list(properties))
    blank = {"prompt": "", "images": [], "style": "oil", "null": "", "free": ""}
    assert cls.example().payload() == blank


def test_an_example_that_cannot_be_says_what_is_missing(tmp_path: Path) -> None:
    properties = {"seed": {"type": "integer"}, "images": {"type": "array", "minItems": 1}}
    cls = make_class(tmp_path, properties, required=list(properties))
    with pytest.raises(runcomfy.ValidationError) as refused:
        cls.example()
    assert [violation.message for violation in refused.value.violations] == [
        "seed is required and was not given",
        "images is required and was not given",
    ]


def test_the_demo_value_is_shown_where_an_editor_shows_the_input(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"prompt": {"type": "string", "default": "a demo cat"}})
    assert "Demo value: 'a demo cat'" in source_of(cls)


def test_an_optional_input_without_a_default_is_absent(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"seed": {"type": "integer"}, "style": {"type": "string"}})
    assert cls(seed=3).payload() == {"seed": 3}


def test_a_null_default_makes_null_neither_valid_nor_sent(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"seed": {"type": "integer", "default": None}})
    assert cls().payload() == {}
    [violation] = check_payload(cls, {"seed": None})
    assert (violation.pointer, violation.rule) == ("/seed", "type")


@pytest.mark.parametrize("value", [0, "", False, [], None])
def test_what_was_given_is_sent_however_empty(tmp_path: Path, value: object) -> None:
    cls = make_class(tmp_path, {"x": {}})
    assert cls(x=value).payload() == {"x": value}


def test_unset_is_not_sent_and_is_not_null(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"x": {"type": ["integer", "null"]}})
    assert cls(x=UNSET).payload() == {}
    assert cls(x=None).payload() == {"x": None}


def source_of(cls: type) -> str:
    return Path(inspect.getfile(cls)).read_text(encoding="utf-8")
