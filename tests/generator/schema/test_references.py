"""References are followed wherever in the document they lead, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runcomfy.model.request import check_payload
from runcomfy_codegen.schema.normalise import canonical, clean
from runcomfy_codegen.schema.reference_validator import keeps
from support.small_models import load, make

SHORT = {"type": "string", "maxLength": 3}


@pytest.mark.parametrize(
    ("ref", "root"),
    [
        ("#/components/schemas/Short", {"components": {"schemas": {"Short": SHORT}}}),
        ("#/components/schemas/A%20b~1c", {"components": {"schemas": {"A b/c": SHORT}}}),
        ("#/definitions/Short", {"definitions": {"Short": SHORT}}),
        ("#/x-parts/0", {"x-parts": [SHORT]}),
        ("#short", {"$defs": {"Short": {"$anchor": "short", **SHORT}}}),
        ("#short", {"$defs": {"Short": {"$dynamicAnchor": "short", **SHORT}}}),
        ("#short", {"components": {"schemas": {"Short": {"$anchor": "short", **SHORT}}}}),
        ("short.json", {"components": {"schemas": {"Short": {"$id": "short.json", **SHORT}}}}),
        ("short.json", {"$defs": {"Short": {"$id": "short.json", **SHORT}}}),
        (
            "short.json",
            {"$id": "https://a.b/c/", "$defs": {"S": {"$id": "/c/short.json", **SHORT}}},
        ),
        (
            "https://a.b/parts#/$defs/Short",
            {"$defs": {"parts": {"$id": "https://a.b/parts", "$defs": {"Short": SHORT}}}},
        ),
        ("urn:short", {"$defs": {"Short": {"$id": "urn:short", **SHORT}}}),
        ("https://a.b/root#/$defs/Short", {"$id": "https://a.b/root", "$defs": {"Short": SHORT}}),
        ("#/$defs/A/allOf/0", {"$defs": {"A": {"allOf": [SHORT]}}}),
        ("#/$defs/A/const", {"$defs": {"A": {"const": SHORT}}}),
    ],
    ids=str,
)
def test_a_reference_leads_anywhere_in_the_document(
    tmp_path: Path, ref: str, root: dict[str, Any]
) -> None:
    schema = {"type": "object", "properties": {"x": {"$ref": ref}}, **root}
    generation = make(tmp_path, {"acme/small": schema})
    cls = load(tmp_path, "made_models.acme.small").Small
    assert check_payload(cls, {"x": "abc"}) == []
    [violation] = check_payload(cls, {"x": "abcd"})
    assert (violation.pointer, violation.rule) == ("/x", "maxLength")
    assert not [n for n in generation.manifest.models["acme/small"].notes if n.kind != "fallback"]


def test_a_reference_is_relative_to_the_nearest_id() -> None:
    inner = {"$id": "https://a.b/", "$defs": {"y": {"type": "integer"}}, "$ref": "#/$defs/y"}
    cleaned, notes = clean({"properties": {"x": inner}, "$defs": {"y": {"type": "string"}}})
    assert cleaned["properties"]["x"]["$ref"] == "#/properties/x/$defs/y"
    assert notes == []


@pytest.mark.parametrize("ref", ["#/$defs/z", "#z", "z.json", "https://a.b/#/$defs/y", "#/$defs/0"])
def test_what_leads_nowhere_in_its_own_part_does_not_hit_another_by_chance(ref: str) -> None:
    root = {
        "$defs": {"z": {"type": "string"}},
        "properties": {"x": {"$id": "https://c.d/", "$ref": ref}},
    }
    cleaned, notes = clean(root)
    assert cleaned["properties"] == {"x": {}}
    assert [(note.kind, note.subject) for note in notes] == [("documented", "$ref")]


@pytest.mark.parametrize("ref", ["http://[", "#/\udc00", "#/properties/", "#/properties/0/1", "%"])
def test_a_strange_reference_is_reported(ref: str) -> None:
    cleaned, [note] = clean({"properties": {"x": {"$ref": ref}}})
    assert (cleaned["properties"], note.subject) == ({"x": {}}, "$ref")


def test_a_canonical_schema_is_its_own() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {"x": {"$ref": "#/components/X"}},
        "components": {"X": {"items": [{}, {}], "$id": "#x"}},
    }
    once, _ = canonical(schema)
    assert canonical(once) == (once, [])


def test_400_chained_references_are_read_in_linear_time() -> None:
    chain: dict[str, Any] = {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(400)}
    cleaned, notes = clean({"$ref": "#/$defs/d0", "$defs": {**chain, "d400": SHORT}})
    assert cleaned["$defs"]["d0"] == {"$ref": "#/$defs/d1"}
    assert notes == []


def test_each_reference_of_a_circle_is_reported() -> None:
    definitions = {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}, "c": SHORT}
    cleaned, notes = clean({"$defs": definitions})
    assert cleaned["$defs"] == {"a": {}, "b": {"allOf": [{}]}, "c": SHORT}
    assert {note.place for note in notes} == {"/$defs/a/$ref", "/$defs/b/allOf/0/$ref"}


def test_40_doublings_are_gathered_once_each(tmp_path: Path) -> None:
    twice = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(40)}
    last = {"properties": {"p": SHORT}, "required": ["p"]}
    schema = {"type": "object", "$ref": "#/$defs/d0", "$defs": {**twice, "d40": last}}
    make(tmp_path, {"acme/small": schema})
    cls = load(tmp_path, "made_models.acme.small").Small
    assert cls(p="abc").payload() == {"p": "abc"}


LISTS: dict[str, Any] = {
    "$id": "https://example.com/lists",
    "properties": {"numbers": {"$ref": "numbers"}, "texts": {"$ref": "texts"}},
    "$defs": {
        "list": {
            "$id": "list",
            "type": "array",
            "items": {"$dynamicRef": "#item"},
            "$defs": {"any": {"$dynamicAnchor": "item"}},
        },
        "numbers": {
            "$id": "numbers",
            "$ref": "list",
            "$defs": {"one": {"$dynamicAnchor": "item", "type": "number"}},
        },
        "texts": {
            "$id": "texts",
            "$ref": "list",
            "$defs": {"one": {"$dynamicAnchor": "item", "type": "string"}},
        },
    },
}


@pytest.mark.parametrize(
    ("payload", "valid"),
    [
        ({"numbers": [1], "texts": ["a"]}, True),
        ({"numbers": ["a"]}, False),
        ({"texts": [1]}, False),
    ],
)
def test_a_dynamic_reference_depends_on_the_way_to_it(payload: dict[str, Any], valid: bool) -> None:
    cleaned, notes = clean(LISTS)
    assert keeps(cleaned, cleaned, payload) is valid
    assert notes == []


def test_a_generated_class_follows_dynamic_references(tmp_path: Path) -> None:
    make(tmp_path, {"acme/small": {"type": "object", **LISTS}})
    cls = load(tmp_path, "made_models.acme.small").Small
    assert check_payload(cls, {"numbers": [1], "texts": ["a"]}) == []
    assert [one.pointer for one in check_payload(cls, {"texts": ["a", 1]})] == ["/texts/1"]
