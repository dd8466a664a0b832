"""Words of older dialects mean what they meant there, where ``$schema`` names one."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runcomfy_codegen.schema.normalise import clean
from runcomfy_codegen.schema.reference_validator import keeps

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
OPENAPI = "https://spec.openapis.org/oas/3.0/schema/2021-09-28"
PAIR = {"items": [{"type": "string"}, {"type": "integer"}], "additionalItems": False}


@pytest.mark.parametrize(
    ("dialect", "schema", "cleaned"),
    [
        (DRAFT_7, {"items": [{"type": "string"}]}, {"prefixItems": [{"type": "string"}]}),
        (DRAFT_4, PAIR, {"prefixItems": PAIR["items"], "items": {"not": {}}}),
        (DRAFT_2019, PAIR, {"prefixItems": PAIR["items"], "items": {"not": {}}}),
        (DRAFT_7, {"items": {}, "additionalItems": False}, {"items": {}}),
        (DRAFT_7, {"dependencies": {"a": ["b"]}}, {"dependentRequired": {"a": ["b"]}}),
        (
            DRAFT_7,
            {"dependencies": {"a": {"required": ["b"]}, "c": False}},
            {"dependentSchemas": {"a": {"required": ["b"]}, "c": {"not": {}}}},
        ),
        (DRAFT_4, {"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        (OPENAPI, {"type": "string", "nullable": True}, {"type": ["string", "null"]}),
    ],
)
def test_an_old_word_is_read_as_what_it_meant(
    dialect: str, schema: dict[str, Any], cleaned: dict[str, Any]
) -> None:
    found, notes = clean({"$schema": dialect, "properties": {"x": schema}})
    assert found["properties"]["x"] == cleaned
    assert notes == []
    Draft202012Validator.check_schema(found)


@pytest.mark.parametrize("dialect", [DRAFT_4, DRAFT_7, OPENAPI])
def test_what_stands_beside_a_reference_is_ignored_and_reported(dialect: str) -> None:
    schema = {"$ref": "#/definitions/a", "maxLength": 3, "description": "kept"}
    cleaned, [note] = clean(
        {"$schema": dialect, "properties": {"x": schema}, "definitions": {"a": {"type": "string"}}}
    )
    assert cleaned["properties"]["x"] == {"$ref": "#/definitions/a"}
    assert (note.place, note.subject) == ("/properties/x/maxLength", "maxLength")


def test_without_a_dialect_nothing_is_ignored_beside_a_reference() -> None:
    schema = {"$ref": "#/$defs/a", "maxLength": 3}
    cleaned, _ = clean({"properties": {"x": schema}, "$defs": {"a": {"type": "string"}}})
    assert cleaned["properties"]["x"] == schema


@pytest.mark.parametrize(
    ("dialect", "named", "ref"),
    [
        (DRAFT_4, {"id": "https://a.b/x"}, "https://a.b/x"),
        (DRAFT_4, {"id": "#x"}, "#x"),
        (DRAFT_7, {"$id": "#x"}, "#x"),
        (DRAFT_2019, {"$anchor": "x"}, "#x"),
    ],
)
def test_a_schema_is_found_by_the_name_that_its_dialect_gives(
    dialect: str, named: dict[str, Any], ref: str
) -> None:
    schema = {
        "$schema": dialect,
        "properties": {"x": {"$ref": ref}},
        "definitions": {"a": {**named, "type": "string"}},
    }
    cleaned, notes = clean(schema)
    assert cleaned["properties"]["x"] == {"$ref": "#/definitions/a"}
    assert notes == []


def test_a_pointer_into_a_list_of_items_still_leads_there() -> None:
    schema = {"items": [{"type": "integer"}, {"$ref": "#/properties/x/items/0"}]}
    cleaned, notes = clean({"$schema": DRAFT_7, "properties": {"x": schema}})
    assert cleaned["properties"]["x"]["prefixItems"][1] == {"$ref": "#/properties/x/prefixItems/0"}
    assert notes == []


TREE: dict[str, Any] = {
    "$schema": DRAFT_2019,
    "$id": "https://example.com/tree",
    "$recursiveAnchor": True,
    "anyOf": [{"type": "integer"}, {"$ref": "#/$defs/node"}],
    "$defs": {
        "node": {
            "$id": "node",
            "$recursiveAnchor": True,
            "type": ["object", "string"],
            "additionalProperties": {"$recursiveRef": "#"},
        }
    },
}


@pytest.mark.parametrize(
    ("value", "valid"),
    [(1, True), ("a", True), ({"a": 1}, True), ({"a": {"b": 1}}, True), (1.5, False), ({"a": []}, False)],
)  # fmt: skip
def test_a_recursive_reference_leads_to_the_outermost_anchor(value: Any, valid: bool) -> None:
    cleaned, notes = clean(TREE)
    assert keeps(cleaned, cleaned, value) is valid
    assert notes == []


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("https://example.com/metaschema", "2020-12"),
        ("http://json-schema.org/schema#", "2020-12"),
        ("https://example.com/draft-07/mine", "draft 7"),
        ("https://spec.openapis.org/oas/3.1/dialect/base", None),
        ("http://json-schema.org/draft-07/schema", None),
        ("https://json-schema.org/draft/2020-12/schema#", None),
    ],
)
def test_an_unknown_dialect_is_reported(written: str, read_as: str | None) -> None:
    _, notes = clean({"$schema": written, "type": "object"})
    told = [f"is not a known dialect; the schema is read as {read_as}"] if read_as else []
    assert [note.text for note in notes] == told
