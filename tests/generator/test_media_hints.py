"""The type of a media input: what a file can be given as, wherever the schema puts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.small import load, make, make_class

TEXT = {"type": "string"}


def hint(tmp_path: Path, schema: dict[str, Any]) -> str:
    return str(make_class(tmp_path, {"x": schema}, required=["x"]).__annotations__["x"])


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({**TEXT, "format": "image_uri"}, "MediaSource"),
        ({**TEXT, "format": "video_uri_with_mask"}, "MediaSource"),
        ({"type": "array", "items": {**TEXT, "format": "image_uri"}}, "Sequence[MediaSource]"),
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
        (
            {**TEXT, "validations": [{"validation_rule": "width_pixels>", "validation_value": 1}]},
            "MediaSource",
        ),
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
