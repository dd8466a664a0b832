"""Output classes are open: nothing that the service sends is dropped, and nothing makes them fail."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

from runcomfy import Output
from runcomfy_codegen.package.plan import apply
from runcomfy_codegen.pipeline import generate
from runcomfy_models.wan_ai import Wan2_6ImageToImageOutput as WanOutput
from support.small_models import load, store


def output_class(tmp_path: Path, schema: object) -> Any:
    """The output class of a model with this output schema."""
    store(tmp_path / "schemas", "acme/small", {"type": "object"}, output=schema)
    apply(generate(tmp_path / "schemas", tmp_path / "out", "made_models").plan)
    return load(tmp_path, "made_models.acme.small").SmallOutput


def test_documented_fields_are_attributes() -> None:
    output = WanOutput.from_payload({"image": "https://x/1.png", "images": ["https://x/1.png"]})
    assert output.image == "https://x/1.png"
    assert output.images == ["https://x/1.png"]


def test_a_field_that_is_missing_is_none() -> None:
    assert WanOutput.from_payload({}).video is None


def test_an_unknown_field_is_kept() -> None:
    output = WanOutput.from_payload({"image": "a", "seed": 7})
    assert output.raw == {"image": "a", "seed": 7}
    assert not hasattr(output, "seed")


@pytest.mark.parametrize("value", [1, None, [], {}, True])
def test_a_field_of_another_type_is_none_and_kept(value: object) -> None:
    output = WanOutput.from_payload({"image": value})
    assert output.image is None
    assert output.raw["image"] == value


def test_a_new_value_of_an_enum_passes(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"status": {"type": "string", "enum": ["ok"]}}}
    cls = output_class(tmp_path, schema)
    assert cls.from_payload({"status": "fine"}).status == "fine"
    assert cls.__annotations__["status"] == "str | None"


def test_limits_and_required_fields_are_not_checked(tmp_path: Path) -> None:
    schema = {"properties": {"n": {"type": "integer", "maximum": 3}}, "required": ["n"]}
    cls = output_class(tmp_path, schema)
    assert cls.from_payload({"n": 4}).n == 4
    assert cls.from_payload({}).n is None


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"properties": []}, {"type": "string"}])
def test_a_schema_without_fields_leaves_raw(tmp_path: Path, schema: object) -> None:
    output = output_class(tmp_path, schema).from_payload({"image": "a"})
    assert output.raw == {"image": "a"}


@pytest.mark.parametrize("part", [True, {}, {"type": "color"}, {"anyOf": [{}]}], ids=str)
@pytest.mark.parametrize("value", ["a", 1, [1], {"a": 1}, None, False])
def test_a_field_without_a_type_takes_anything(tmp_path: Path, part: object, value: object) -> None:
    output = output_class(tmp_path, {"properties": {"x": part}}).from_payload({"x": value})
    assert output.x == value


def test_a_field_that_is_no_identifier_has_a_name(tmp_path: Path) -> None:
    schema = {
        "properties": {
            "raw": {"type": "string"},
            "class": {"type": "string"},
            "4k": {"type": "string"},
        }
    }
    output = output_class(tmp_path, schema).from_payload({"raw": "a", "class": "b", "4k": "c"})
    assert (output.raw_, output.class_, output.input_4k) == ("a", "b", "c")
    assert output.raw == {"raw": "a", "class": "b", "4k": "c"}


def test_outputs_are_compared_by_what_was_sent() -> None:
    assert WanOutput.from_payload({"image": "a"}) == WanOutput.from_payload({"image": "a"})
    assert WanOutput.from_payload({"image": "a"}) != WanOutput.from_payload(
        {"image": "a", "seed": 1}
    )
    assert WanOutput.from_payload({}) != Output.from_payload({})


def test_outputs_can_be_pickled_and_copied() -> None:
    output = WanOutput.from_payload({"image": "a", "seed": 7})
    for again in (pickle.loads(pickle.dumps(output)), copy.deepcopy(output)):  # noqa: S301  # our own bytes
        assert again == output
        assert again.image == "a"


def test_repr_shows_the_fields_that_were_sent() -> None:
    assert repr(WanOutput.from_payload({"image": "a"})) == "Wan2_6ImageToImageOutput(image='a')"
