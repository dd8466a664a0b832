"""Nothing in a schema is dropped in silence: what is not checked, or odd, is reported by name with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runcomfy_codegen.pipeline import generate
from runcomfy_codegen.schema.normalise import clean
from support.small_models import make, store

X = "/properties/x"


def notes(tmp_path: Path, x: Any, **root: Any) -> set[tuple[str, str, str]]:
    """(kind, subject, place) of each note about a model whose input ``x`` has this schema."""
    schema = {"type": "object", "properties": {"x": x}, **root}
    entry = make(tmp_path, {"acme/small": schema}).manifest.models["acme/small"]
    return {(note.kind, note.subject, note.place) for note in entry.notes}


@pytest.mark.parametrize(
    ("schema", "kind", "subject", "place"),
    [
        ({"type": "float"}, "oddity", "float", f"{X}/type"),
        ({"type": "String"}, "oddity", "String", f"{X}/type"),
        ({"type": "BOOL"}, "oddity", "BOOL", f"{X}/type"),
        ({"type": "color"}, "documented", "color", f"{X}/type"),
        ({"type": ["string", "color"]}, "documented", "color", f"{X}/type"),
        ({"type": []}, "oddity", "type", f"{X}/type"),
        ({"type": 5}, "documented", "5", f"{X}/type"),
        ({"type": "array", "items": {"type": "Float"}}, "oddity", "Float", f"{X}/items/type"),
        ({"format": "color"}, "documented", "color", f"{X}/format"),
        ({"format": ["uri"]}, "documented", "format", f"{X}/format"),
        ({"x-widget": "slider"}, "documented", "x-widget", f"{X}/x-widget"),
        ({"items": {"minimun": 3}}, "documented", "minimun", f"{X}/items/minimun"),
        ({"pattern": "("}, "documented", "pattern", f"{X}/pattern"),
        ({"pattern": "[[a]"}, "documented", "pattern", f"{X}/pattern"),
        ({"patternProperties": {"(": {}}}, "documented", "pattern", f"{X}/patternProperties"),
        ({"$ref": "#/nowhere"}, "documented", "$ref", f"{X}/$ref"),
        ({"$ref": "https://example.com/a"}, "documented", "$ref", f"{X}/$ref"),
        ({"$ref": "#/properties/x"}, "documented", "$ref", f"{X}/$ref"),
        ({"deprecated": True}, "documented", "deprecated", f"{X}/deprecated"),
        ({"readOnly": True}, "documented", "readOnly", f"{X}/readOnly"),
        ({"writeOnly": True}, "documented", "writeOnly", f"{X}/writeOnly"),
        ({"example": "a"}, "documented", "example", f"{X}/example"),
        ({"items": {"examples": ["a"]}}, "documented", "examples", f"{X}/items/examples"),
        ({"minimum": "3"}, "oddity", "minimum", f"{X}/minimum"),
        ({"minLength": -1}, "oddity", "minLength", f"{X}/minLength"),
        ({"multipleOf": 0}, "oddity", "multipleOf", f"{X}/multipleOf"),
        ({"enum": []}, "oddity", "enum", f"{X}/enum"),
        ({"enum": "a"}, "oddity", "enum", f"{X}/enum"),
        ({"items": [{}]}, "oddity", "items", f"{X}/items"),
        ({"anyOf": {}}, "oddity", "anyOf", f"{X}/anyOf"),
        ({"properties": []}, "oddity", "properties", f"{X}/properties"),
        ({"nullable": "yes"}, "oddity", "nullable", f"{X}/nullable"),
        ({"nullable": True, "minLength": 1}, "oddity", "nullable", f"{X}/nullable"),
        ({"nullable": True, "enum": ["a"]}, "oddity", "nullable", f"{X}/nullable"),
        ({"exclusiveMinimum": True}, "oddity", "exclusiveMinimum", f"{X}/exclusiveMinimum"),
        ({"required": True}, "oddity", "required", f"{X}/required"),
        ({"required": "a"}, "oddity", "required", f"{X}/required"),
        (
            {"type": "object", "properties": {"a": {}}, "required": ["z"]},
            "oddity",
            "required",
            f"{X}/required",
        ),
        (3, "documented", "schema", X),
        ({"enum": ["a"], "default": "b"}, "oddity", "default", X),
        ({"enum": [1], "default": True}, "oddity", "default", X),
        ({"type": "integer", "default": None}, "oddity", "default", X),
        ({"type": "integer", "maximum": 3, "default": 4}, "oddity", "default", X),
        ({"items": {"enum": ["a"], "default": "b"}}, "oddity", "default", f"{X}/items"),
        ({"type": "integer", "enum": [1, "a"]}, "oddity", "enum", X),
        ({"validations": "big"}, "documented", "validations", f"{X}/validations/0"),
        (
            {"validations": [{"validation_rule": "file_size_mb", "validation_value": 1}]},
            "documented",
            "file_size_mb",
            f"{X}/validations/0",
        ),
        (
            {"validations": [{"validation_rule": "loudness<", "validation_value": 60}]},
            "documented",
            "loudness<",
            f"{X}/validations/0",
        ),
        (
            {"validations": [{"validation_rule": "file_size_mb<", "validation_value": "10"}]},
            "documented",
            "file_size_mb<",
            f"{X}/validations/0",
        ),
        (
            {"anyOf": [{"validations": []}, {"type": "integer"}]},
            "documented",
            "validations",
            f"{X}/anyOf/0/validations",
        ),
        ({"type": "integer", "validations": []}, "documented", "validations", f"{X}/validations"),
        ({"type": "integer", "format": "image_uri"}, "documented", "image_uri", f"{X}/format"),
        ({"not": {"format": "image_uri"}}, "documented", "image_uri", f"{X}/not/format"),
        ({"allOf": [{"minLength": 1}, {"minLength": 2}]}, "fallback", "allOf", X),
        ({"type": "array", "prefixItems": [{}]}, "fallback", "prefixItems", X),
        ({"items": {"not": {}}}, "fallback", "not", X),
        ({"additionalProperties": {"not": {"type": "string"}}}, "fallback", "not", X),
    ],
    ids=str,
)
def test_it_is_reported_by_name_with_its_place(
    tmp_path: Path, schema: Any, kind: str, subject: str, place: str
) -> None:
    assert (kind, subject, place) in notes(tmp_path, schema)


@pytest.mark.parametrize(
    ("root", "note"),
    [
        ({"required": ["x", "ghost"]}, ("oddity", "required", "/required")),
        ({"required": True}, ("oddity", "required", "/required")),
        ({"x-order": ["x"]}, ("documented", "x-order", "/x-order")),
        ({"anyOf": [{"required": ["x"]}, {"required": ["y"]}]}, ("fallback", "anyOf", "")),
        ({"validations": []}, ("documented", "validations", "/validations")),
    ],
    ids=str,
)
def test_it_is_reported_for_the_payload_too(
    tmp_path: Path, root: Any, note: tuple[str, str, str]
) -> None:
    assert note in notes(tmp_path, {"type": "string"}, **root)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "title": "T", "description": "", "default": "a", "maxLength": 3},
        {"type": "integer", "minimum": 0, "maximum": 3, "default": 3},
        {"type": "string", "format": "image_uri_with_mask_v2"},
        {"type": "array", "format": "image_uris", "items": {"type": "string", "format": "uri"}},
        {"type": "array", "minItems": 0, "maxItems": 3, "items": {"enum": ["a", 1, None]}},
        {"type": "string", "nullable": True, "default": "a", "deprecated": False},
        {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
        {"validations": [{"validation_rule": "width/height>", "validation_value": 0.0625}]},
    ],
    ids=str,
)
def test_there_is_no_note_where_all_is_understood(tmp_path: Path, schema: Any) -> None:
    assert notes(tmp_path, schema) == set()


def test_rules_about_files_of_an_output_are_reported(tmp_path: Path) -> None:
    output = {"type": "object", "properties": {"video": {"type": "string", "validations": []}}}
    store(tmp_path / "schemas", "acme/small", {"type": "object"}, output=output)
    entry = generate(tmp_path / "schemas", tmp_path / "out", "made").manifest.models["acme/small"]
    [note] = entry.notes
    assert note.place == "output.json/properties/video/validations"
    assert (note.kind, note.subject) == ("documented", "validations")


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf", "allOf", "prefixItems"])
def test_notes_reach_into_every_part(keyword: str) -> None:
    _, found = clean({"properties": {"a/b": {keyword: [{}, {"type": "Float"}]}}})
    assert [note.place for note in found] == [f"/properties/a~1b/{keyword}/1/type"]


def test_the_rest_still_works(tmp_path: Path) -> None:
    """A keyword that is not understood takes nothing else with it."""
    cleaned, _ = clean({"type": "integer", "minimum": 1, "wat": 2, "maxLength": -1, "pattern": "("})
    assert cleaned == {"type": "integer", "minimum": 1}


def test_cleaning_leaves_the_schema_alone() -> None:
    schema = {
        "type": ["Float"],
        "nullable": True,
        "enum": [1.5],
        "minimum": 1,
        "exclusiveMinimum": True,
    }
    before = repr(schema)
    clean(schema)
    assert repr(schema) == before
