"""Names come from ids and paths, are identifiers, and collide only aloud."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy_codegen.errors import NameClash, SchemaError
from runcomfy_codegen.schema.model_ids import parse_model_id
from runcomfy_codegen.spec.names import (
    Identifier,
    check_unique,
    chosen_class_name,
    class_name,
    input_name,
    input_names,
    module_name,
    nested_class_name,
    owner_package,
)

IDS = [
    ("openai/gpt-image-2/edit", "openai", "gpt_image_2_edit", "GptImage2Edit"),
    ("wan-ai/wan-2-6/image-to-image", "wan_ai", "wan_2_6_image_to_image", "Wan2_6ImageToImage"),
    ("minimax/Hailuo Video 01 Live", "minimax", "hailuo_video_01_live", "HailuoVideo01Live"),
    ("elevenlabs/elevenlabs", "elevenlabs", "elevenlabs", "Elevenlabs"),
    ("acme/4k", "acme", "model_4k", "Model4k"),
    ("acme/1.2.3", "acme", "model_1_2_3", "Model1_2_3"),
    ("acme/class", "acme", "class_", "Class"),
    ("import/none", "import_", "none", "NoneModel"),
    ("4/request", "owner_4", "request", "RequestModel"),
    ("acme/output/draft", "acme", "output_draft", "OutputDraft"),
    ("acme/-", "acme", "model_", "Model"),
]


@pytest.mark.parametrize(("model_id", "owner", "module", "cls"), IDS)
def test_the_names_of_a_model(model_id: str, owner: str, module: str, cls: str) -> None:
    parsed = parse_model_id(model_id, "here")
    assert (owner_package(parsed), module_name(parsed), class_name(parsed)) == (owner, module, cls)


def test_a_chosen_class_names_the_module_too() -> None:
    parsed = parse_model_id("acme/a-b", "here")
    assert module_name(parsed, "MyModel2Edit") == "my_model2_edit"


INPUTS = [
    ("prompt", "prompt"),
    ("promptImage", "promptImage"),
    ("33_string", "input_33_string"),
    ("284_image", "input_284_image"),
    ("class", "class_"),
    ("None", "None_"),
    ("list", "list_"),
    ("payload", "payload_"),
    ("self", "self_"),
    ("check", "check_"),
    ("prompt-image", "prompt_image_"),
    ("_private", "private_"),
    ("__init__", "init_"),
    ("提示", "u63d0_u793a_"),
    ("", "input_"),
    ("$", "input_"),
    ("match", "match"),
]


@pytest.mark.parametrize(("wire", "python"), INPUTS)
def test_the_name_of_an_input(wire: str, python: str) -> None:
    assert input_name(wire) == python


@given(st.text())
def test_every_text_has_a_public_ascii_identifier(text: str) -> None:
    name = input_name(text)
    assert name.isidentifier()
    assert name.isascii()
    assert not keyword.iskeyword(name)
    assert not name.startswith("_")


@given(st.lists(st.text(), max_size=4))
def test_every_path_names_a_class(path: list[str]) -> None:
    assert nested_class_name("Small", tuple(path)).isidentifier()


def test_nested_classes_follow_the_path() -> None:
    assert nested_class_name("Small", ("loras", "item", "deep_er")) == "SmallLorasItemDeepEr"
    assert nested_class_name("Small", ("图", "item")) != nested_class_name("Small", ("片", "item"))


@pytest.mark.parametrize("text", ["", "1a", "a b", "a-b", "é", "ﬁ", "class", "a\n", "a;b", "None"])
def test_no_identifier_is_made_of_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match="not a usable Python identifier"):
        Identifier(text)


@pytest.mark.parametrize("text", ["a", "_A", "Request", "None", "ALLOWED_X", "A b", "", "A" * 101])
def test_a_class_cannot_be_chosen_that_breaks_its_module(text: str) -> None:
    with pytest.raises(SchemaError, match="cannot name a request class"):
        chosen_class_name(text, "acme/small overrides.json")


def test_chosen_names_come_first() -> None:
    assert input_names(["a-b", "a_b_"], {"a-b": "first"}, "here") == ["first", "a_b_"]
    with pytest.raises(NameClash, match=r"'a-b' and 'a.b' would both be named 'same'"):
        input_names(["a-b", "a.b"], {"a-b": "same", "a.b": "same"}, "here")


@pytest.mark.parametrize(
    ("wires", "expected"),
    [
        (["a_b", "a-b", "a.b"], ["a_b", "a_dash_b_", "a_dot_b_"]),
        (["a-b", "a_b_"], ["a_dash_b_", "a_b_"]),
        (["_x", "x-"], ["underscore_x_", "x_dash_"]),
        (["", "$", " "], ["input_", "u24_", "space_"]),
        (["a$b", "a:b"], ["au24_b_", "au3a_b_"]),
        (["class", "class_"], ["input_class", "class_"]),
    ],
)
def test_inputs_that_differ_in_punctuation_get_longer_names(
    wires: list[str], expected: list[str]
) -> None:
    assert input_names(wires, {}, "here") == expected
    assert input_names(wires[::-1], {}, "here") == expected[::-1]


def test_names_that_differ_in_case_only_clash() -> None:
    with pytest.raises(NameClash, match="'one' and 'two' would both be named 'A'"):
        check_unique([("one", "a"), ("two", "A")], "here", "advice")
