"""The type of a media input: what a file can be given as, wherever the schema puts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runcomfy import validate
from support.pictures import picture
from support.small_models import load, make, make_class

TEXT = {"type": "string"}
IMAGE = {**TEXT, "format": "image_uri"}
WIDE = {"validation_rule": "width_pixels>", "validation_value": 100}


def hint(tmp_path: Path, schema: dict[str, Any]) -> str:
    return str(make_class(tmp_path, {"x": schema}, required=["x"]).__annotations__["x"])


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (IMAGE, "MediaSource"),
        ({**TEXT, "format": "video_uri_with_mask"}, "MediaSource"),
        ({"type": "array", "items": IMAGE}, "Sequence[MediaSource]"),
        ({"type": "array", "format": "image_uris", "items": TEXT}, "Sequence[MediaSource]"),
        ({"type": "array", "format": "image_uris"}, "Sequence[MediaSource]"),
        ({"type": ["string", "null"], "format": "audio_uri"}, "MediaSource | None"),
        (
            {"anyOf": [TEXT, {"type": "array", "items": TEXT}], "format": "image_uri"},
            "MediaSource | Sequence[MediaSource]",
        ),
        (
            {"type": "array", "items": {"type": "array", "items": TEXT}, "format": "image_uris"},
            "Sequence[Sequence[MediaSource]]",
        ),
        ({**TEXT, "validations": [WIDE]}, "MediaSource"),
        ({"anyOf": [IMAGE, {"type": "null"}]}, "MediaSource | None"),
        (
            {"oneOf": [IMAGE, {"type": "array", "items": IMAGE}]},
            "MediaSource | Sequence[MediaSource]",
        ),
        ({"type": "array", "items": {"allOf": [IMAGE], **TEXT}}, "Sequence[MediaSource]"),
    ],
    ids=str,
)
def test_a_media_input_takes_local_files_wherever_it_takes_a_url(
    schema: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    assert hint(tmp_path, schema) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (TEXT, "str"),
        ({**TEXT, "format": "uri"}, "str"),
        ({**TEXT, "enum": ["a", "b"], "format": "image_uri"}, "Literal['a', 'b']"),
        ({"type": "integer", "format": "image_uri"}, "int"),
    ],
    ids=str,
)
def test_what_cannot_be_a_file_keeps_its_own_type(
    schema: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    assert hint(tmp_path, schema).replace('"', "'") == expected


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (IMAGE, "URL of an image file, or a local file."),
        ({"type": "array", "format": "video_uris"}, "URLs of video files, or local files."),
        ({**TEXT, "validations": [WIDE]}, "URL of a file, or a local file."),
        ({"anyOf": [IMAGE, {"type": "null"}]}, "URL of an image file, or a local file."),
        (
            {"type": "array", "items": {"type": "array", "items": IMAGE}},
            "URLs of image files, or local files.",
        ),
        ({**IMAGE, "enum": ["https://a.invalid/b"]}, "URL of an image file."),
    ],
    ids=str,
)
def test_an_editor_shows_what_a_media_input_takes(
    schema: dict[str, Any], words: str, tmp_path: Path
) -> None:
    make_class(tmp_path, {"x": schema})
    text = (tmp_path / "out/made_models/acme/small.py").read_text(encoding="utf-8")
    assert words in text


@pytest.mark.parametrize(
    "schema",
    [
        {**IMAGE, "validations": [WIDE]},
        {"anyOf": [{**IMAGE, "validations": [WIDE]}, {"type": "null"}]},
        {"allOf": [{"validations": [WIDE]}], **IMAGE},
    ],
    ids=str,
)
def test_the_rules_of_a_file_hold_wherever_the_schema_puts_them(
    schema: dict[str, Any], tmp_path: Path
) -> None:
    model, url = make_class(tmp_path, {"x": schema}), "https://example.com/a.png"
    report = validate(model, {"x": url}, files={url: picture(99, 99)})
    assert [error.rule for error in report.errors] == ["width_pixels>"]
    assert validate(model, {"x": url}, files={url: picture(101, 101)}).valid


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ({"validation_rule": "width<height<", "validation_value": 5}, "width<height<"),
        ({"validation_rule": "<", "validation_value": 5}, "<"),
        ({"validation_rule": "width_pixels<"}, "width_pixels<"),
        ({"validation_rule": "width_pixels<", "validation_value": None}, "width_pixels<"),
        ({"validation_rule": "width_pixels<", "validation_value": {"px": 5}}, "width_pixels<"),
        ({"validation_rule": "mood<", "validation_value": 10**400}, "mood<"),
    ],
    ids=str,
)
def test_a_rule_that_nobody_understands_is_never_dropped(
    rule: dict[str, Any], name: str, tmp_path: Path
) -> None:
    model, url = make_class(tmp_path, {"x": {**IMAGE, "validations": [rule]}}), "https://e.com/a"
    report = validate(model, {"x": url}, files={url: picture(99, 99)})
    assert [one.rule for one in report.unchecked] == [name]
    assert report.valid


def test_a_rule_of_one_option_among_others_breaks_no_payload(tmp_path: Path) -> None:
    """Nobody knows which option a URL was meant for; the report of the generator names the rule."""
    schema = {"anyOf": [{**IMAGE, "validations": [WIDE]}, {"type": "array", "items": IMAGE}]}
    model, url = make_class(tmp_path, {"x": schema}), "https://example.com/a.png"
    assert validate(model, {"x": [url]}, files={url: picture(99, 99)}).valid


def test_a_member_of_a_nested_object_takes_local_files(tmp_path: Path) -> None:
    frame = {"type": "object", "properties": {"url": {**TEXT, "format": "image_uri"}, "at": TEXT}}
    make_class(tmp_path, {"frames": {"type": "array", "items": frame}})
    module = load(tmp_path, "made_models.acme.small")
    annotations = module.SmallFramesItem.__annotations__
    assert "MediaSource" in str(annotations["url"])
    assert "MediaSource" not in str(annotations["at"])


def test_a_model_whose_name_is_the_alias_gets_another_name(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"image": {**TEXT, "format": "image_uri"}}}
    make(tmp_path, {"acme/media-source": schema})
    assert load(tmp_path, "made_models.acme").MediaSourceModel.model_id == "acme/media-source"


def test_files_behind_references_are_found(tmp_path: Path) -> None:
    rules = [{"validation_rule": "width_pixels>", "validation_value": 14}]
    image = {"type": "string", "format": "image_uri", "validations": rules}
    layer = {
        "type": "object",
        "properties": {"source": {"$ref": "#/$defs/Image"}, "next": {"$ref": "#/$defs/Layer"}},
    }
    properties = {
        "x": {"$ref": "#/$defs/Image"},
        "y": {"type": "array", "items": {"$ref": "#/$defs/Layer"}},
    }
    cls = make_class(tmp_path, properties, **{"$defs": {"Image": image, "Layer": layer}})
    assert [(one.path, one.kind, len(one.rules)) for one in cls._media] == [
        (("x",), "image", 1), (("y", "source"), "image", 1),
    ]  # fmt: skip


def test_a_uri_that_is_no_file_is_reported(tmp_path: Path) -> None:
    generation = make(
        tmp_path, {"acme/small": {"properties": {"x": {"type": "string", "format": "uri"}}}}
    )
    [note] = generation.manifest.models["acme/small"].notes
    assert (note.kind, note.subject, note.place) == ("documented", "uri", "/properties/x/format")
