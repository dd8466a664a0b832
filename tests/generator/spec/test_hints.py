"""Hints, names and docstrings say what is behind references, ``allOf`` and unions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from runcomfy_codegen.errors import SchemaError
from support.small_models import load, make, store

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
FRAME = {"type": "object", "properties": {"url": TEXT, "at": WHOLE}, "required": ["url"]}
CHOICE = {"type": "string", "enum": ["a", "b"], "title": "Style", "description": "How it looks."}


def written(tmp_path: Path, properties: dict[str, Any], **root: Any) -> str:
    """The text of the module of a model with these inputs."""
    make(tmp_path, {"acme/small": {"type": "object", "properties": properties, **root}})
    load(tmp_path, "made_models.acme.small")
    return (tmp_path / "out/made_models/acme/small.py").read_text(encoding="utf-8")


def hint(text: str, name: str = "x") -> str:
    [line] = [one for one in text.splitlines() if one.startswith(f"    {name}: ")]
    return line.removeprefix(f"    {name}: ").removesuffix(" = UNSET").replace(" | Unset", "")


DEFINITIONS = {
    "Choice": CHOICE, "Frame": FRAME, "Frames": {"type": "array", "items": {"$ref": "#/$defs/Frame"}},
    "Either": {"anyOf": [TEXT, {"$ref": "#/$defs/Frames"}]}, "Text": TEXT,
    "List": {"type": "array", "items": {"$ref": "#/$defs/List"}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"allOf": [{"$ref": "#/$defs/Choice"}], "default": "a"}, "Literal['a', 'b']"),
        ({"$ref": "#/$defs/Either"}, "str | Sequence[SmallFrame]"),
        ({"$ref": "#/$defs/Frames"}, "Sequence[SmallFrame]"),
        ({"allOf": [{"$ref": "#/$defs/Frame"}]}, "SmallFrame"),
        ({"allOf": [TEXT, {"maxLength": 3}]}, "str"),
        ({"allOf": [{"type": ["integer", "string"]}, {"type": "number"}]}, "int"),
        ({"anyOf": [{"$ref": "#/$defs/Text"}, {"type": "null"}]}, "str | None"),
        ({"anyOf": [FRAME, {"anyOf": [FRAME, {"type": "null"}]}]}, "SmallX | None"),
        ({"type": "array", "items": {"$ref": "#/$defs/List"}}, "Sequence[Sequence[Any]]"),
        ({"properties": {"w": WHOLE}}, "SmallX"),
        ({"enum": [0.5, 1.5]}, "float"),
        ({"enum": ["auto", 0.5]}, "Literal['auto'] | float"),
        ({"const": 0.5}, "float"),
        ({"enum": [[1, 2], None]}, "Literal[None] | Sequence[Any]"),
        ({"type": "array", "prefixItems": [WHOLE, TEXT], "items": False}, "Sequence[int | str]"),
        ({"type": "array", "prefixItems": [WHOLE, WHOLE], "maxItems": 2}, "Sequence[int]"),
        ({"type": "array", "prefixItems": [WHOLE], "items": FRAME}, "Sequence[int | SmallX]"),
        ({"type": "array", "prefixItems": [WHOLE]}, "Sequence[Any]"),
        ({"type": "object", "additionalProperties": False, "patternProperties": {"^a": WHOLE}}, "Mapping[str, int]"),
        ({"type": "object", "additionalProperties": FRAME, "patternProperties": {"^a": WHOLE}}, "Mapping[str, int | SmallXValue]"),
        ({"type": "object", "patternProperties": {"^a": WHOLE}}, "Mapping[str, Any]"),
        (
            {"anyOf": [{"$ref": "#/$defs/Frames"}, {"type": "array", "items": {"$ref": "#/$defs/Choice"}},
                       {"type": "array", "items": FRAME}]},
            "Sequence[SmallFrame] | Sequence[Literal['a', 'b']]",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_the_hint_is_what_is_there(tmp_path: Path, schema: dict[str, Any], expected: str) -> None:
    text = written(tmp_path, {"x": schema}, **{"$defs": DEFINITIONS})
    assert hint(text).replace('"', "'") == expected


def test_a_reference_to_an_input_shares_its_class(tmp_path: Path) -> None:
    again = {"$ref": "#/properties/start_frame"}
    properties = {
        "start_frame": FRAME, "x": again, "y": {"type": "array", "items": again}, "z": {"allOf": [again]},
    }  # fmt: skip
    text = written(tmp_path, properties)
    assert [hint(text, name) for name in ("start_frame", "x", "z")] == ["SmallStartFrame"] * 3
    assert hint(text, "y") == "Sequence[SmallStartFrame]"
    assert text.count("(TypedDict)") == 1


def test_an_object_keeps_the_members_that_it_inherits(tmp_path: Path) -> None:
    schema = {
        "allOf": [{"$ref": "#/$defs/Frame"}],
        "properties": {"more": TEXT},
        "required": ["more"],
    }
    text = written(tmp_path, {"x": schema}, **{"$defs": DEFINITIONS})
    body = text.partition("class SmallX(TypedDict):")[2]
    assert "    url: str" in body
    assert "    more: str" in body
    assert "    at: NotRequired[int]" in body


def test_what_is_behind_a_reference_is_reported(tmp_path: Path) -> None:
    x = {"allOf": [{"$ref": "#/$defs/Choice"}], "default": "a"}
    text = written(tmp_path, {"x": x}, **{"$defs": DEFINITIONS})
    assert "How it looks." in text
    assert "Demo value: 'a'" in text


OPTIONS = {
    "speech": {"type": "object", "properties": {"type": {"const": "speech"}, "voice": TEXT}},
    "music": {"type": "object", "properties": {"type": {"const": "music"}, "voice": WHOLE}},
}


@pytest.mark.parametrize(
    ("properties", "names"),
    [
        ({"x": {"oneOf": list(OPTIONS.values())}}, ["SmallXSpeech", "SmallXMusic"]),
        (
            {"x": {"anyOf": [{"oneOf": [*OPTIONS.values()], "discriminator": {}}, {"oneOf": [FRAME, {"type": "null"}]}]}},
            ["SmallX", "SmallXSpeech", "SmallXMusic"],
        ),
        ({"final-stats": FRAME, "final_stats": OPTIONS["music"]}, ["SmallFinalStats", "SmallFinalUnderscoreStats"]),
        ({"x": {"oneOf": [{"type": "array", "items": FRAME}, FRAME]}}, ["SmallX"]),
        ({"x": {"oneOf": [{"type": "array", "items": FRAME}, OPTIONS["music"]]}}, ["SmallX", "SmallXItem"]),
        ({"x": {"$ref": "#/$defs/Y"}, "y": OPTIONS["speech"]}, ["SmallY", "SmallPropertiesY"]),
        ({"x": {"anyOf": [{"type": "array", "items": FRAME}] * 3}}, ["SmallXItem"]),
        ({"x": {"$ref": "#/$defs/SmallParameters"}}, ["SmallParameters"]),
        ({"output": FRAME}, ["SmallPropertiesOutput"]),
    ],
    ids=str,
)  # fmt: skip
def test_no_two_objects_get_one_name(
    tmp_path: Path, properties: dict[str, Any], names: list[str]
) -> None:
    definitions = {"Y": FRAME, "SmallParameters": FRAME}
    text = written(tmp_path, properties, **{"$defs": definitions})
    made = set(re.findall(r"^(?:class )?(\w+)(?:\(TypedDict\)| = TypedDict\()", text, re.MULTILINE))
    assert made == set(names)


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        (FRAME, {**FRAME, "title": "Last", "default": {"url": "u"}}, ["SmallFirst"]),
        (FRAME, {"type": "array", "items": FRAME}, ["SmallFirst"]),
        ({"type": "array", "items": FRAME}, FRAME, ["SmallLast"]),
        (FRAME, {**FRAME, "description": "The last one."}, ["SmallFirst", "SmallLast"]),
        ({**FRAME, "properties": {"url": {**TEXT, "format": "image_uri"}}},
         {**FRAME, "properties": {"url": {**TEXT, "format": "audio_uri"}}}, ["SmallFirst", "SmallLast"]),
        ({"type": "object", "properties": {"in_": FRAME}}, {"type": "object", "properties": {"in_": FRAME}},
         ["SmallFirst", "SmallFirstIn"]),
    ],
    ids=str,
)  # fmt: skip
def test_objects_that_are_written_alike_share_one_class(
    tmp_path: Path, first: dict[str, Any], last: dict[str, Any], names: list[str]
) -> None:
    text = written(tmp_path, {"first": first, "last": last})
    assert re.findall(r"^class (\w+)\(TypedDict\)", text, re.MULTILINE) == names


def test_an_object_with_a_chosen_name_has_its_own_class(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"first": FRAME, "last": FRAME}}
    folder = store(tmp_path / "schemas", "acme/small", schema)
    (folder / "overrides.json").write_text('{"names": {"last": "end"}}', encoding="utf-8")
    make(tmp_path, {})
    text = (tmp_path / "out/made_models/acme/small.py").read_text(encoding="utf-8")
    assert hint(text, "first") == "SmallFirst"
    assert hint(text, "end") == "SmallEnd"


def test_names_in_overrides_reach_nested_members(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"x": {"type": "object", "properties": {"a-b": FRAME}}},
    }
    folder = store(tmp_path / "schemas", "acme/small", schema)
    (folder / "overrides.json").write_text('{"names": {"x/a-b": "pair"}}', encoding="utf-8")
    make(tmp_path, {})
    text = (tmp_path / "out/made_models/acme/small.py").read_text(encoding="utf-8")
    assert "class SmallXPair(TypedDict):" in text
    (folder / "overrides.json").write_text('{"names": {"x/c": "pair"}}', encoding="utf-8")
    with pytest.raises(SchemaError, match="x/c"):
        make(tmp_path, {})


def test_a_union_that_doubles_at_each_reference_is_typed_in_bounded_time(tmp_path: Path) -> None:
    definitions = {
        f"d{i}": {
            "anyOf": [
                {"type": "array", "items": {"$ref": f"#/$defs/d{i + 1}"}},
                {"type": "object", "additionalProperties": {"$ref": f"#/$defs/d{i + 1}"}},
            ]
        }
        for i in range(30)
    }
    text = written(
        tmp_path, {"x": {"$ref": "#/$defs/d0"}}, **{"$defs": {**definitions, "d30": TEXT}}
    )
    assert len(text) < 80_000


@pytest.mark.parametrize(
    ("schema", "value", "attribute"),
    [
        ({"$ref": "#/$defs/Text"}, "a", "a"),
        ({"$ref": "#/$defs/Text"}, 3, None),
        ({"anyOf": [TEXT, {"type": "null"}]}, 3, None),
        ({"anyOf": [TEXT, WHOLE]}, 3, 3),
        ({"type": "number"}, True, None),
        ({"type": ["integer", "boolean"]}, True, True),
        ({"allOf": [{"$ref": "#/$defs/Frames"}]}, [{"url": "u"}], [{"url": "u"}]),
        ({"allOf": [{"$ref": "#/$defs/Frames"}]}, {"url": "u"}, None),
        ({"$ref": "#/$defs/Frame"}, {"url": "u"}, {"url": "u"}),
        ({}, 3, 3),
    ],
    ids=str,
)
def test_an_output_field_is_none_or_what_its_hint_says(
    tmp_path: Path, schema: dict[str, Any], value: object, attribute: object
) -> None:
    output = {"type": "object", "properties": {"x": schema}, "$defs": DEFINITIONS}
    store(tmp_path / "schemas", "acme/small", {"type": "object"}, output=output)
    make(tmp_path, {})
    made = load(tmp_path, "made_models.acme.small").SmallOutput.from_payload({"x": value})
    assert made.x == attribute
    assert made.raw == {"x": value}


DEEP = {f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(12)} | {"d12": TEXT}


@pytest.mark.parametrize(
    ("schema", "definitions", "why"),
    [
        ({"type": "array", "items": {"$ref": "#/$defs/List"}}, DEFINITIONS, "contains itself"),
        ({"$ref": "#/$defs/d0"}, DEEP, "too large"),
        ({"$ref": "#"}, {}, "payload itself"),
    ],
)
def test_a_hint_that_says_less_than_the_schema_is_reported(
    tmp_path: Path, schema: dict[str, Any], definitions: dict[str, Any], why: str
) -> None:
    root = {"type": "object", "properties": {"x": schema}, "$defs": definitions}
    generation = make(tmp_path, {"acme/small": root})
    notes = generation.manifest.models["acme/small"].notes
    assert [why in note.text for note in notes if note.subject == "type hint"] == [True]


def test_an_output_of_written_values_has_their_types(tmp_path: Path) -> None:
    output = {"type": "object", "properties": {"mode": {"enum": ["a", "b"]}, "n": {"const": 1}}}
    store(tmp_path / "schemas", "acme/small", {"type": "object"}, output=output)
    make(tmp_path, {})
    module = load(tmp_path, "made_models.acme.small")
    assert module.SmallOutput.__annotations__ == {"mode": "str | None", "n": "int | None"}
    found = module.SmallOutput.from_payload({"mode": "new", "n": "1"})
    assert (found.mode, found.n) == ("new", None)
