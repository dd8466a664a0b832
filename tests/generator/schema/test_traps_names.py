"""Traps 3 and 4: names that are no identifiers, and ids of every shape."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

import runcomfy
from runcomfy.model.registry import _look_up
from runcomfy.model.request import check_payload
from runcomfy_codegen.errors import NameClash
from support.small_models import load, make, make_class


@pytest.mark.parametrize(
    ("wire_name", "name"),
    [
        ("33_string", "input_33_string"),
        ("284_image", "input_284_image"),
        ("promptImage", "promptImage"),
        ("class", "class_"),
        ("from", "from_"),
        ("None", "None_"),
        ("payload", "payload_"),
        ("model_id", "model_id_"),
        ("type", "type_"),
        ("print", "print"),
        ("id", "id"),
        ("aspect-ratio", "aspect_ratio_"),
        ("a b", "a_b_"),
    ],
)
def test_a_name_python_cannot_use_gets_an_alias_and_travels_as_written(
    tmp_path: Path, wire_name: str, name: str
) -> None:
    cls = make_class(tmp_path, {wire_name: {"type": "integer"}}, required=[wire_name])
    request = cls(**{name: 1})
    assert getattr(request, name) == 1
    assert request.payload() == {wire_name: 1}
    assert cls.from_payload({wire_name: 1}) == request
    assert repr(request) == f"Small({name}=1)"
    assert list(inspect.signature(cls).parameters) == [name]


def test_violations_point_to_the_wire_name(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"33_string": {"type": "string"}, "a/b~c": {"type": "string"}})
    found = check_payload(cls, {"33_string": 1, "a/b~c": 1})
    assert [violation.pointer for violation in found] == ["/33_string", "/a~1b~0c"]


def test_an_alias_is_reported_where_an_editor_shows_the_input(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"33_string": {"type": "string"}})
    assert "Sent as '33_string'." in Path(inspect.getfile(cls)).read_text(encoding="utf-8")


def test_inputs_that_differ_in_punctuation_are_set_by_longer_names(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"aspect-ratio": {}, "aspect_ratio_": {}, "aspect.ratio": {}})
    request = cls(aspect_dash_ratio_="a", aspect_ratio_="b", aspect_dot_ratio_="c")
    assert request.payload() == {"aspect-ratio": "a", "aspect_ratio_": "b", "aspect.ratio": "c"}


def test_two_inputs_with_one_name_are_an_error_that_names_both_and_the_way_out(
    tmp_path: Path,
) -> None:
    properties: dict[str, Any] = {"a$": {}, "a%": {}, "au25_": {}}
    with pytest.raises(NameClash, match=r"a%.*au25_'[\s\S]*overrides.json"):
        make_class(tmp_path, properties)


def test_two_nested_objects_that_are_alike_share_one_class_unless_named(tmp_path: Path) -> None:
    nested = {"type": "object", "properties": {"x": {"type": "string"}}}
    schema = {"type": "object", "properties": {"a_b": nested, "aB": nested}}
    make(tmp_path, {"acme/small": schema})
    assert load(tmp_path, "made_models.acme.small").__all__ == ["Small", "SmallOutput", "SmallAB"]
    overrides = tmp_path / "schemas/acme/small/overrides.json"
    overrides.write_text('{"names": {"aB": "second"}}', encoding="utf-8")
    make(tmp_path, {"acme/small": schema})
    assert {"SmallAB", "SmallSecond"} <= set(load(tmp_path, "made_models.acme").__all__)


IDS = {
    "wan-ai/wan-2-6/image-to-image": "wan_ai.Wan2_6ImageToImage",
    "google/veo-3.1/4k": "google.Veo3_1_4k",
    "google/veo-3.1/4K/fast": "google.Veo3_1_4KFast",
    "elevenlabs/elevenlabs": "elevenlabs.Elevenlabs",
    "minimax/Hailuo Video 01 Live": "minimax.HailuoVideo01Live",
    "4k/upscale": "owner_4k.Upscale",
    "acme/4x": "acme.Model4x",
    "a/b/c/d/e": "a.BCDE",
    "acme/extend-video": "acme.ExtendVideo",
    "acme/extend-video/draft": "acme.ExtendVideoDraft",
    "Acme/upper": "acme.Upper",
    "acme/load class": "acme.LoadClass",
    "acme/names-in-index": "acme.NamesInIndex",
    "acme/last of them": "acme.LastOfThem",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ids")
    make(folder, {model_id: {"type": "object"} for model_id in IDS}, "made_ids")
    return folder


@pytest.mark.parametrize(("model_id", "place"), IDS.items())
def test_ids_of_every_shape_have_a_class(package: Path, model_id: str, place: str) -> None:
    module, name = place.split(".")
    cls: Any = getattr(load(package, f"made_ids.{module}"), name)
    assert cls.model_id == model_id
    assert _look_up("made_ids", model_id) is cls


def test_a_module_stands_in_no_other_ones_way(package: Path) -> None:
    acme = load(package, "made_ids.acme")
    names = [name for name in dir(acme) if not name.endswith("Output")]
    ids = [getattr(acme, name).model_id for name in (*names, *names)]
    assert sorted(ids) == sorted([i for i in IDS if i.lower().startswith("acme/")] * 2)


def test_two_ids_with_one_class_are_an_error_that_names_both(tmp_path: Path) -> None:
    models = {model_id: {"type": "object"} for model_id in ("acme/video-a", "acme/Video a")}
    with pytest.raises(NameClash, match=r"acme/(video-a|Video a)[\s\S]*acme/(video-a|Video a)"):
        make(tmp_path, models)


def test_an_unknown_id_is_answered_with_those_that_come_close() -> None:
    with pytest.raises(runcomfy.UnknownModel, match="wan-ai/wan-2-6/image-to-image"):
        runcomfy.validate("wan-ai/wan-2-6/image-to-imag", {})
