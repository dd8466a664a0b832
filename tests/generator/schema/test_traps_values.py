"""Traps 5 to 9: required strangers, enums of every kind, seeds, lists with singular names."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from runcomfy.model.request import check_payload
from support.small_models import make, make_class


def broken(cls: object, payload: object) -> list[tuple[str, str]]:
    return [(v.pointer, v.rule) for v in check_payload(cls, payload)]  # type: ignore[arg-type]  # wrong on purpose, or a row of a table


def test_required_may_name_a_property_that_does_not_exist(tmp_path: Path) -> None:
    """Trap 5: nobody could give it, so it is not asked for, and it is reported."""
    schema = {
        "type": "object",
        "properties": {"prompt": {"type": "string"}},
        "required": ["prompt", "ghost"],
    }
    notes = make(tmp_path, {"acme/small": schema}).manifest.models["acme/small"].notes
    cls = make_class(tmp_path, schema["properties"], required=schema["required"])  # type: ignore[arg-type]  # wrong on purpose, or a row of a table
    assert broken(cls, {"prompt": "a"}) == []
    assert broken(cls, {}) == [("", "required")]
    assert any("ghost" in note.text and note.place == "/required" for note in notes)


@pytest.mark.parametrize("required", [["prompt", "prompt"], ["prompt", None], [[], "prompt"]])
def test_one_odd_name_in_required_does_not_take_the_others_along(
    tmp_path: Path, required: list[object]
) -> None:
    cls = make_class(tmp_path, {"prompt": {"type": "string"}}, required=required)
    assert broken(cls, {}) == [("", "required")]


@pytest.mark.parametrize(
    ("enum", "good", "bad"),
    [
        ([5, 10], 5, "5"),
        ([5, 10], 10.0, 7),
        (["auto", "5", "10"], "5", 5),
        (["auto"], "auto", "Auto"),
        (["1024*1024 (1:1)", "800*1200 (2:3)"], "800*1200 (2:3)", "800*1200"),
        (["720p"], "720p", "720P"),
        (["720P"], "720P", "720p"),
        ([0, 1], 1, True),
        ([True, False], True, 1),
        (["a", 1, None], None, False),
    ],
)
def test_enums_are_taken_to_the_letter(
    tmp_path: Path, enum: list[object], good: object, bad: object
) -> None:
    """Trap 6."""
    cls = make_class(tmp_path, {"x": {"enum": enum}})
    assert broken(cls, {"x": good}) == []
    assert broken(cls, {"x": bad}) == [("/x", "enum")]


def test_numbers_too_long_for_a_float_are_divided_all_the_same(tmp_path: Path) -> None:
    """The library stops with an error there; the schema's own values are judged when it is generated."""
    even, odd = 10**400, 10**400 + 1
    cls = make_class(tmp_path, {"x": {"multipleOf": 2.0, "enum": [even, odd], "default": odd}})
    assert broken(cls, {"x": even}) == []
    assert broken(cls, {"x": odd}) == [("/x", "enum")]


@pytest.mark.parametrize(
    ("duration", "hint"),
    [
        ({"type": "integer", "minimum": 4, "maximum": 12}, "int | Unset"),
        ({"type": "integer", "enum": [5, 10]}, "Literal[5, 10] | Unset"),
        ({"type": "string", "enum": ["5", "10"]}, 'Literal["5", "10"] | Unset'),
    ],
)
def test_sibling_models_may_ask_for_one_thing_in_three_ways(
    tmp_path: Path, duration: object, hint: str
) -> None:
    """Trap 6: ``duration`` as a range, an enum of numbers, and an enum of texts."""
    cls = make_class(tmp_path, {"duration": duration})
    assert cls.__annotations__["duration"].replace("'", '"') == hint
    assert f"duration: {hint} = UNSET" in Path(inspect.getfile(cls)).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("seed", "good", "bad"),
    [
        (
            {"type": "integer", "minimum": -1, "maximum": 4294967295},
            [-1, 0, 4294967295],
            [-2, 4294967296],
        ),
        (
            {"type": "integer", "minimum": 0, "maximum": 2147483647},
            [0, 7.0],
            [-1, 2147483648, 0.5, True],
        ),
        ({"type": "integer"}, [-(10**30), 10**30], ["1", None]),
    ],
)
def test_seeds_have_their_own_bounds(
    tmp_path: Path, seed: object, good: list[object], bad: list[object]
) -> None:
    """Trap 7."""
    cls = make_class(tmp_path, {"seed": seed})
    assert [value for value in good if broken(cls, {"seed": value})] == []
    assert [value for value in bad if not broken(cls, {"seed": value})] == []


def test_a_model_may_have_no_prompt(tmp_path: Path) -> None:
    """Trap 8."""
    cls = make_class(tmp_path, {"tags": {"type": "string"}}, required=["tags"])
    assert cls(tags="calm").payload() == {"tags": "calm"}


def test_a_singular_name_may_be_a_list(tmp_path: Path) -> None:
    """Trap 9."""
    image = {"type": "array", "items": {"type": "string", "format": "image_uri"}, "maxItems": 2}
    cls = make_class(tmp_path, {"image": image})
    assert cls(image=["https://x/1.png"]).payload() == {"image": ["https://x/1.png"]}
    assert broken(cls, {"image": "https://x/1.png"}) == [("/image", "type")]
    assert broken(cls, {"image": ["a", "b", "c"]}) == [("/image", "maxItems")]


def test_a_list_may_say_its_format_on_itself_and_have_no_items(tmp_path: Path) -> None:
    """Trap 9, in the catalogue's dialect: a media input, of anything."""
    cls = make_class(tmp_path, {"images": {"type": "array", "format": "image_uris"}})
    assert [(media.path, media.kind) for media in cls._media] == [(("images",), "image")]
    assert broken(cls, {"images": ["a", 1]}) == []


def test_numbered_inputs_stand_for_a_list(tmp_path: Path) -> None:
    """Trap 9."""
    names = [f"image_url_{i}" for i in range(1, 10)]
    cls = make_class(tmp_path, {name: {"type": "string"} for name in names}, required=names[:1])
    assert cls(image_url_1="a", image_url_9="b").payload() == {
        "image_url_1": "a",
        "image_url_9": "b",
    }
    assert broken(cls, {"image_url_2": 1}) == [("", "required"), ("/image_url_2", "type")]


def test_lists_of_objects_are_checked_member_by_member(tmp_path: Path) -> None:
    """Trap 9."""
    lora = {
        "type": "object",
        "properties": {"path": {"type": "string"}, "scale": {"type": "float", "maximum": 2}},
        "required": ["path"],
    }
    cls = make_class(tmp_path, {"loras": {"type": "array", "items": lora}})
    assert cls(loras=({"path": "a", "scale": 1},)).payload() == {
        "loras": [{"path": "a", "scale": 1}]
    }
    assert broken(cls, {"loras": [{"path": 1}, {"scale": 3}]}) == [
        ("/loras/0/path", "type"),
        ("/loras/1", "required"),
        ("/loras/1/scale", "maximum"),
    ]
