"""What is not understood counts as "anything goes", also where a keyword turns the verdict round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runcomfy.model.request import check_payload
from runcomfy_codegen.schema.normalise import clean
from support.small_models import make_class

NUMBER, TEXT = {"type": "number"}, {"type": "string"}
UNKNOWN: dict[str, dict[str, Any]] = {
    "type": {"type": "color"},
    "reference": {"$ref": "https://example.com/a.json"},
    "pattern": {"type": "string", "pattern": "^\\p{L}+$"},
    "inside": {"items": {"properties": {"a": {"type": "color"}}}},
    "malformed": {"type": "string", "maxLength": "3"},
    "by a reference": {"$ref": "#/$defs/color"},
}
DEFS = {"color": {"type": "color"}, "indirect": {"allOf": [{"$ref": "#/$defs/color"}]}}


@pytest.mark.parametrize("unknown", UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        (lambda part: {"oneOf": [part, TEXT, NUMBER, {"type": "array"}]}, "oneOf"),
        (lambda part: {"not": part}, "not"),
        (lambda part: {"not": {"anyOf": [part, {"type": "null"}]}}, "not"),
        (lambda part: {"if": part, "then": False, "else": NUMBER}, "if"),
        (lambda part: {"contains": part, "maxContains": 0}, "maxContains"),
        (lambda part: {"not": {"not": part}}, "not"),
    ],
)
def test_it_refuses_nothing_and_the_whole_keyword_is_reported(
    unknown: dict[str, Any], schema: Any, keyword: str
) -> None:
    cleaned, notes = clean({"properties": {"x": schema(unknown)}, "$defs": DEFS})
    assert keyword not in str(cleaned["properties"]).replace("'notes'", "")
    assert keyword in {note.subject for note in notes if note.kind == "documented"}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"patternProperties": {"\\p{L}": {}}, "additionalProperties": False}, {"é": 1}),
        ({"patternProperties": {"(": {}}, "unevaluatedProperties": False}, {"é": 1}),
        ({"$ref": "other.json", "unevaluatedProperties": False}, {"a": 1}),
        ({"allOf": [{"$ref": "other.json"}], "unevaluatedProperties": False}, {"a": 1}),
        ({"$ref": "#/$defs/far", "unevaluatedItems": False}, [1]),
        ({"properties": {"a": {"not": {"type": "color"}}}, "required": ["a"]}, {"a": 1}),
    ],
)
def test_what_depends_on_it_refuses_nothing_either(
    tmp_path: Path, schema: dict[str, Any], value: object
) -> None:
    definitions = {"far": {"allOf": [{"$ref": "https://a.b"}]}}
    cls = make_class(tmp_path, {"x": schema}, **{"$defs": definitions})
    assert check_payload(cls, {"x": value}) == []


@pytest.mark.parametrize("unknown", UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.parametrize("keyword", ["anyOf", "allOf"])
def test_what_does_not_turn_the_verdict_round_stays(unknown: dict[str, Any], keyword: str) -> None:
    cleaned, _ = clean({"properties": {"x": {keyword: [unknown, TEXT]}}, "$defs": DEFS})
    assert cleaned["properties"]["x"][keyword][1] == TEXT


def test_an_unknown_word_is_no_reason() -> None:
    cleaned, _ = clean({"not": {"type": "string", "x-widget": "a", "format": "color"}})
    assert cleaned == {"not": {"type": "string"}}


@pytest.mark.parametrize("keyword", ["if", "not"])
def test_a_name_required_in_a_condition_stays_required(keyword: str) -> None:
    condition = {"properties": {"mode": {"const": "a"}}, "required": ["mode", "ghost"]}
    cleaned, notes = clean({"properties": {"x": {keyword: condition}}})
    assert cleaned["properties"]["x"][keyword]["required"] == ["mode", "ghost"]
    assert notes == []


def test_a_reference_into_what_was_left_out_leads_nowhere() -> None:
    schema = {"a": {"not": {"allOf": [{"type": "color"}]}}, "b": {"$ref": "#/$defs/a/not"}}
    cleaned, notes = clean({"$defs": schema})
    assert cleaned == {"$defs": {"a": {}, "b": {}}}
    assert [note.place for note in notes][-2:] == ["/$defs/a/not", "/$defs/b/$ref"]


@pytest.mark.parametrize("keyword", ["not", "if"])
def test_a_format_alone_is_no_condition(keyword: str) -> None:
    cleaned, notes = clean({keyword: {"format": "email"}, "then": {"type": "null"}})
    assert keyword not in cleaned
    assert (f"/{keyword}", keyword) in [(note.place, note.subject) for note in notes]


@pytest.mark.parametrize(
    "options",
    [
        [{"type": "string", "format": "uri"}, {"type": "string", "format": "byte"}],
        [{"type": "string", "format": "image_uri"}, {"enum": ["auto"]}],
        [{"$ref": "#/$defs/url"}, {"type": "string", "maxLength": 8}],
        [{"allOf": [{"$ref": "#/$defs/url"}]}, {"type": ["string", "null"]}],
    ],
)
def test_options_that_only_a_format_distinguishes_may_both_fit(options: list[Any]) -> None:
    definitions = {"url": {"type": "string", "format": "uri"}}
    cleaned, notes = clean({"oneOf": options, "$defs": definitions})
    assert "oneOf" not in cleaned
    assert Draft202012Validator(cleaned).is_valid("auto")
    assert ["is read as anyOf" in note.text for note in notes].count(True) == 1


def test_options_of_different_types_stay_as_they_are() -> None:
    options = [{"type": "string", "format": "uri"}, {"type": "array", "items": {"format": "uri"}}]
    cleaned, _ = clean({"oneOf": options})
    assert len(cleaned["oneOf"]) == 2
