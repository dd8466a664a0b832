"""Schemas in the habits of other catalogues: nothing depends on the words of one of them.

They are made here in the manner of Cog (``x-order``, references to ``#/components/schemas``, ``allOf`` of one) and of FastAPI
(``anyOf`` with null, titles on everything).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runcomfy import ValidationError
from support.codegen import codegen
from support.ingest import add
from support.small_models import load, make

#: As a Cog model describes its inputs: choices and numbers behind references, in the document of an OpenAPI.
COG: dict[str, Any] = {
    "type": "object",
    "title": "Input",
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": "string", "title": "Prompt", "x-order": 0, "description": "Words."},
        "aspect_ratio": {
            "allOf": [{"$ref": "#/components/schemas/aspect_ratio"}],
            "default": "1:1",
            "x-order": 1,
            "description": "Shape of the picture",
        },
        "seed": {"type": "integer", "title": "Seed", "x-order": 2, "nullable": True},
        "image": {"type": "string", "format": "uri", "x-order": 3},
        "steps": {
            "type": "integer",
            "minimum": 1,
            "maximum": 50,
            "x-order": 4,
            "x-cog-secret": False,
        },
    },
    "components": {
        "schemas": {
            "aspect_ratio": {
                "type": "string",
                "enum": ["1:1", "16:9"],
                "title": "aspect_ratio",
                "description": "An enumeration.",
            }
        }
    },
}

#: As pydantic writes a model: options with null, definitions, and constants.
PYDANTIC: dict[str, Any] = {
    "title": "GenerateInput",
    "type": "object",
    "additionalProperties": False,
    "required": ["prompt", "mode"],
    "properties": {
        "prompt": {"type": "string", "minLength": 1, "title": "Prompt"},
        "negative_prompt": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "size": {
            "anyOf": [{"$ref": "#/$defs/Size"}, {"enum": ["square", "wide"]}],
            "title": "Size",
        },
        "mode": {"const": "fast", "title": "Mode", "type": "string"},
        "guidance": {"type": "number", "exclusiveMinimum": 0, "examples": [3.5]},
        "loras": {"type": "array", "items": {"$ref": "#/$defs/Lora"}, "maxItems": 2},
    },
    "$defs": {
        "Size": {
            "type": "object",
            "required": ["width", "height"],
            "properties": {"width": {"type": "integer"}, "height": {"type": "integer"}},
        },
        "Lora": {
            "type": "object",
            "required": ["path"],
            "properties": {"path": {"type": "string"}},
        },
    },
}

FOREIGN = {"cog": COG, "pydantic": PYDANTIC}

CASES: list[tuple[str, dict[str, Any], bool]] = [
    ("cog", {"prompt": "x"}, True),
    ("cog", {"prompt": "x", "aspect_ratio": "16:9", "seed": None, "steps": 50}, True),
    ("cog", {"prompt": "x", "aspect_ratio": "4:3"}, False),
    ("cog", {"prompt": "x", "steps": 51}, False),
    ("cog", {"aspect_ratio": "1:1"}, False),
    ("pydantic", {"prompt": "x", "mode": "fast"}, True),
    ("pydantic", {"prompt": "x", "mode": "fast", "negative_prompt": None, "guidance": 0.1}, True),
    ("pydantic", {"prompt": "x", "mode": "fast", "size": {"width": 1, "height": 2}}, True),
    ("pydantic", {"prompt": "x", "mode": "fast", "size": "square"}, True),
    ("pydantic", {"prompt": "x", "mode": "fast", "size": "tall"}, False),
    ("pydantic", {"prompt": "x", "mode": "fast", "size": {"width": 1}}, False),
    ("pydantic", {"prompt": "", "mode": "fast"}, False),
    ("pydantic", {"prompt": "x", "mode": "slow"}, False),
    ("pydantic", {"prompt": "x", "mode": "fast", "guidance": 0}, False),
    ("pydantic", {"prompt": "x", "mode": "fast", "loras": [{"path": "a"}]}, True),
    ("pydantic", {"prompt": "x", "mode": "fast", "loras": [{}]}, False),
    ("pydantic", {"prompt": "x", "mode": "fast", "colour": "red"}, False),
]


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The request classes of all foreign models."""
    folder = tmp_path_factory.mktemp("foreign")
    make(folder, {f"foreign/{name}": schema for name, schema in FOREIGN.items()}, "foreign_models")
    return {
        name: getattr(load(folder, f"foreign_models.foreign.{name}"), name.capitalize())
        for name in FOREIGN
    }


@pytest.mark.parametrize(
    ("name", "payload", "valid"), CASES, ids=lambda part: json.dumps(part)[:60]
)
def test_a_foreign_schema_is_checked(
    classes: dict[str, Any], name: str, payload: dict[str, Any], valid: bool
) -> None:
    if valid:
        assert classes[name].from_payload(payload).payload() == payload
    else:
        with pytest.raises(ValidationError):
            classes[name].from_payload(payload)


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_schema_is_taken_in_to_the_byte(tmp_path: Path, name: str) -> None:
    text = json.dumps(FOREIGN[name], indent=1)
    ran = add("-", "--model-id", f"foreign/{name}", "--schemas", tmp_path, stdin=text.encode())
    assert ran.status == 0, ran.err
    assert (tmp_path / "foreign" / name / "input.json").read_text() == text


@pytest.mark.parametrize("format_", ["openapi", "jsonschema", "typescript"])
def test_foreign_schemas_are_exported(tmp_path: Path, format_: str) -> None:
    for name, schema in FOREIGN.items():
        text = json.dumps(schema)
        add("-", "--model-id", f"foreign/{name}", "--schemas", tmp_path, stdin=text.encode())
    ran = codegen("export", format_, "--schemas", tmp_path)
    assert ran.status == 0, ran.err
    if format_ == "typescript":
        assert "negative_prompt?: string | null;" in ran.out
        assert 'mode: "fast";' in ran.out
    else:
        assert "16:9" in ran.out
