"""Request classes: what constructing, reading, copying and sending one promises."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import pydoc
import sys
from collections import ChainMap, OrderedDict, UserDict
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from runcomfy import UNSET, Unset, ValidationError
from runcomfy_models.openai import GptImage2Edit
from runcomfy_models.wan_ai import Wan2_6ImageToImage
from support.small_models import make_class

IMAGES = ["https://example.com/cat.png"]
LORA = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "scale": {"type": "number"}},
    "required": ["path"],
}


def wan(**changes: Any) -> Wan2_6ImageToImage:
    return Wan2_6ImageToImage(**{"prompt": "a hat", "image_urls": IMAGES, **changes})


def violations(cls: Any, **inputs: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        cls(**inputs)
    return [(violation.pointer, violation.rule) for violation in caught.value.violations]


class TestConstruction:
    def test_takes_inputs_by_keyword_only_and_says_so(self) -> None:
        cls: Any = Wan2_6ImageToImage
        with pytest.raises(
            TypeError, match=r"keyword arguments only, such as Wan2_6ImageToImage\(prompt=…"
        ):
            cls("a hat", IMAGES)
        with pytest.raises(TypeError, match=r"Wan2_6ImageToImage\.from_payload\(…\)"):
            cls({"prompt": "a hat", "image_urls": IMAGES})

    def test_knows_its_model(self) -> None:
        assert Wan2_6ImageToImage.model_id == wan().model_id == "wan-ai/wan-2-6/image-to-image"
        assert Wan2_6ImageToImage.output_type.__name__ == "Wan2_6ImageToImageOutput"

    def test_reports_everything_that_is_wrong_in_one_error(self) -> None:
        assert violations(
            Wan2_6ImageToImage, image_urls=[1], seed=-1, image_size="big", promt="a hat"
        ) == [
            ("", "required"),
            ("/image_urls/0", "type"),
            ("/image_size", "enum"),
            ("/seed", "minimum"),
            ("/promt", "unknown-input"),
        ]

    def test_the_error_reads_as_a_list(self) -> None:
        cls: Any = Wan2_6ImageToImage
        with pytest.raises(ValidationError) as caught:
            cls(image_urls=IMAGES, promt="a hat")
        assert isinstance(caught.value, ValueError)
        assert str(caught.value).splitlines() == [
            "wan-ai/wan-2-6/image-to-image: 2 violations",
            "  payload: prompt is required and was not given",
            "  /promt: is not an input of this model; did you mean 'prompt'?",
        ]

    def test_the_error_can_be_pickled(self) -> None:
        with pytest.raises(ValidationError) as caught:
            wan(seed=-1)
        again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  # our own bytes
        assert str(again) == str(caught.value)
        assert again.violations == caught.value.violations

    def test_no_default_is_filled_in(self) -> None:
        assert wan().payload() == {"prompt": "a hat", "image_urls": IMAGES}
        assert list(wan().payload()) == ["prompt", "image_urls"]

    def test_unset_is_absent_and_none_is_null(self) -> None:
        assert wan(seed=UNSET) == wan()
        assert "seed" not in wan(seed=UNSET).payload()
        assert violations(Wan2_6ImageToImage, prompt="a", image_urls=IMAGES, seed=None) == [
            ("/seed", "type")
        ]

    def test_a_required_input_that_is_unset_is_missing(self) -> None:
        assert violations(Wan2_6ImageToImage, prompt=UNSET, image_urls=IMAGES) == [("", "required")]

    def test_a_member_that_is_unset_is_absent(self, tmp_path: Path) -> None:
        cls = make_class(tmp_path, {"lora": LORA, "any": {}})
        assert cls(lora={"path": "a", "scale": UNSET}).payload() == {"lora": {"path": "a"}}
        assert cls.from_payload({"any": {"a": UNSET}, "lora": UNSET}).payload() == {"any": {}}
        assert violations(cls, any=[UNSET]) == [("/any/0", "json")]


class Size(StrEnum):
    SQUARE = "1024*1024 (1:1)"


class OldSize(str, Enum):  # noqa: UP042 — StrEnum is new in 3.11
    SQUARE = "1024*1024 (1:1)"


class Seed(IntEnum):
    LUCKY = 7


class Text(str):
    __slots__ = ()


class TestPythonTypes:
    @pytest.mark.parametrize(
        ("given", "sent"),
        [
            ({"image_size": Size.SQUARE}, {"image_size": "1024*1024 (1:1)"}),
            ({"image_size": OldSize.SQUARE}, {"image_size": "1024*1024 (1:1)"}),
            ({"prompt": Text("a")}, {"prompt": "a"}),
            ({"seed": Seed.LUCKY}, {"seed": 7}),
            ({"image_urls": ("a", "b")}, {"image_urls": ["a", "b"]}),
            ({"image_urls": [Text("a"), Size.SQUARE]}, {"image_urls": ["a", "1024*1024 (1:1)"]}),
        ],
        ids=str,
    )
    def test_are_taken_for_what_they_stand_for(self, given: Any, sent: Any) -> None:
        payload = wan(**given).payload()
        assert {name: payload[name] for name in sent} == sent
        assert all(type(payload[name]) is type(sent[name]) for name in sent)
        assert {type(item) for item in payload["image_urls"]} == {str}

    @pytest.mark.parametrize(
        "mapping",
        [dict, OrderedDict, UserDict, MappingProxyType, ChainMap],
        ids=lambda m: m.__name__,
    )
    def test_any_mapping_is_an_object(self, tmp_path: Path, mapping: Any) -> None:
        cls = make_class(tmp_path, {"lora": LORA})
        request = cls(lora=mapping({"path": "a"}))
        assert (
            request.payload()
            == cls.from_payload(mapping({"lora": mapping({"path": "a"})})).payload()
        )
        assert type(request.payload()["lora"]) is dict

    def test_an_enum_as_a_member_name_is_the_text(self, tmp_path: Path) -> None:
        cls = make_class(tmp_path, {"x": {"type": "object"}})
        assert json.dumps(cls(x={Size.SQUARE: 1}).payload()) == '{"x": {"1024*1024 (1:1)": 1}}'

    def test_booleans_are_no_numbers_and_1_0_is_a_whole_one(self) -> None:
        assert wan(seed=1.0).payload()["seed"] == 1
        assert violations(Wan2_6ImageToImage, prompt="a", image_urls=IMAGES, seed=True) == [
            ("/seed", "type")
        ]
        assert violations(Wan2_6ImageToImage, prompt="a", image_urls=IMAGES, prompt_extend=1) == [
            ("/prompt_extend", "type")
        ]

    def test_a_text_is_no_list_of_texts(self) -> None:
        assert violations(Wan2_6ImageToImage, prompt="a", image_urls="ab") == [
            ("/image_urls", "type")
        ]


class TestFrozen:
    def test_an_input_cannot_be_set_or_deleted(self) -> None:
        request: Any = wan()
        with pytest.raises(AttributeError, match=r"frozen.*\.replace\("):
            request.prompt = "b"
        with pytest.raises(AttributeError, match="frozen"):
            del request.prompt
        with pytest.raises(AttributeError, match="frozen"):
            request.other = 1
        assert not hasattr(request, "__dict__")

    def test_lists_and_objects_read_as_unchangeable(self, tmp_path: Path) -> None:
        request = make_class(tmp_path, {"loras": {"type": "array", "items": LORA}})(
            loras=[{"path": "a"}]
        )
        assert isinstance(request.loras, tuple)
        with pytest.raises(TypeError):
            request.loras[0]["path"] = "b"

    def test_the_callers_data_is_not_shared(self) -> None:
        images = ["a"]
        payload: dict[str, Any] = {"prompt": "a", "image_urls": images}
        requests = [wan(image_urls=images), Wan2_6ImageToImage.from_payload(payload)]
        images.append("b")
        payload["prompt"] = "b"
        assert [request.payload()["image_urls"] for request in requests] == [["a"], ["a"]]
        assert requests[1].prompt == "a"

    def test_a_payload_is_a_fresh_copy(self) -> None:
        request = wan()
        request.payload()["image_urls"].append("b")
        request.payload()["prompt"] = 1
        assert request == wan()


class TestPayloads:
    def test_from_payload_is_the_way_back(self) -> None:
        request = wan(seed=3, image_size=Size.SQUARE)
        assert Wan2_6ImageToImage.from_payload(json.loads(json.dumps(request.payload()))) == request

    def test_from_payload_checks(self) -> None:
        with pytest.raises(ValidationError, match="/seed: must be at least 0, got -1"):
            Wan2_6ImageToImage.from_payload({"prompt": "a", "image_urls": IMAGES, "seed": -1})

    def test_from_payload_keeps_what_it_does_not_know(self) -> None:
        payload = {"prompt": "a", "image_urls": IMAGES, "new_input": [1]}
        request = Wan2_6ImageToImage.from_payload(payload)
        assert request.payload() == payload
        assert "new_input" in repr(request)

    @pytest.mark.parametrize("payload", [None, [], "x", 1, [("prompt", "a")]], ids=repr)
    def test_from_payload_refuses_what_is_no_object(self, payload: Any) -> None:
        with pytest.raises(ValidationError, match="payload: must be an object"):
            Wan2_6ImageToImage.from_payload(payload)

    def test_an_example_is_the_pages_own(self) -> None:
        request = Wan2_6ImageToImage.example()
        assert request.prompt.startswith("On the left sits a monster")
        assert set(request.payload()) == {"prompt", "image_urls"}

    def test_the_input_schema_is_a_fresh_copy(self) -> None:
        Wan2_6ImageToImage.input_schema().clear()
        assert Wan2_6ImageToImage.input_schema()["properties"]["seed"]["maximum"] == 2147483647


class TestEquality:
    def test_equal_inputs_are_equal_requests(self) -> None:
        assert wan() == wan(image_urls=tuple(IMAGES))
        assert hash(wan()) == hash(wan(image_urls=tuple(IMAGES)))
        assert wan() != wan(seed=1)
        assert wan(seed=1) == wan(seed=1.0)
        assert hash(wan(seed=1)) == hash(wan(seed=1.0))

    def test_the_order_of_inputs_does_not_matter(self) -> None:
        one, other = wan(seed=1, prompt="b"), wan(prompt="b", seed=1)
        assert one == other
        assert hash(one) == hash(other)

    def test_another_model_is_another_request(self) -> None:
        payload = {"prompt": "a", "image_urls": IMAGES, "images": IMAGES}
        assert Wan2_6ImageToImage.from_payload(payload) != GptImage2Edit.from_payload(payload)
        assert wan() != {"prompt": "a hat", "image_urls": IMAGES}

    def test_requests_with_objects_can_be_in_sets(self, tmp_path: Path) -> None:
        cls = make_class(tmp_path, {"loras": {"type": "array", "items": LORA}, "any": {}})
        made = {cls(loras=[{"path": "a"}], any={"b": [None]}) for _ in range(2)}
        assert len(made) == 1


class TestCopies:
    def test_copying_gives_an_equal_request(self) -> None:
        request = wan(seed=3)
        assert copy.copy(request) == copy.deepcopy(request) == request
        assert copy.deepcopy([request]) == [request]

    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_pickling_gives_an_equal_request(self, protocol: int) -> None:
        request = Wan2_6ImageToImage.from_payload({**wan().payload(), "new": {"a": [1]}})
        again = pickle.loads(pickle.dumps(request, protocol))  # noqa: S301  # our own bytes
        assert again == request
        assert again.payload() == request.payload()

    def test_replace_changes_inputs_and_checks(self) -> None:
        request = wan(seed=3)
        assert request.replace(seed=4, prompt="b") == wan(seed=4, prompt="b")
        assert request == wan(seed=3)
        with pytest.raises(ValidationError, match="/seed"):
            request.replace(seed=-1)
        with pytest.raises(ValidationError, match="did you mean 'seed'"):
            request.replace(sed=1)

    def test_replace_takes_out_what_is_unset(self) -> None:
        assert wan(seed=3).replace(seed=UNSET) == wan()
        with pytest.raises(ValidationError, match="prompt is required"):
            wan().replace(prompt=UNSET)

    def test_replace_keeps_what_the_schema_does_not_know(self) -> None:
        request = Wan2_6ImageToImage.from_payload({**wan().payload(), "new": 1})
        assert request.replace(seed=1).payload() == {**wan().payload(), "new": 1, "seed": 1}

    def test_replace_asks_of_the_whole_payload(self, tmp_path: Path) -> None:
        """What the schema asks of the payload counts the inputs that it does not know."""
        cls = make_class(tmp_path, {"a": {"type": "integer"}}, minProperties=2)
        assert cls.from_payload({"a": 1, "new": 2}).replace(a=3).payload() == {"a": 3, "new": 2}

    @pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace is new in 3.13")
    def test_copy_replace_works(self) -> None:
        made: object = getattr(copy, "replace")(wan(), seed=4)  # noqa: B009 — unknown to 3.11
        assert made == wan(seed=4)


class TestReading:
    def test_repr_is_what_one_would_type(self) -> None:
        assert repr(GptImage2Edit(prompt="add a hat", images=["a"])) == (
            'GptImage2Edit(prompt="add a hat", images=["a"])'
        )

    def test_repr_of_a_long_text_is_short(self) -> None:
        assert len(repr(wan(prompt="a" * 1_000_000))) < 300

    def test_an_input_reads_as_it_was_given(self) -> None:
        request = wan(seed=3)
        assert (request.prompt, request.image_urls, request.seed) == ("a hat", tuple(IMAGES), 3)
        assert request.image_size is UNSET
        assert isinstance(request.image_size, Unset)

    def test_the_signature_reports_required_and_optional_inputs(self) -> None:
        parameters = inspect.signature(Wan2_6ImageToImage).parameters
        assert list(parameters) == [
            "prompt", "image_urls", "negative_prompt", "image_size", "seed", "prompt_extend",
        ]  # fmt: skip
        assert {p.kind for p in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
        assert parameters["prompt"].default is inspect.Parameter.empty
        assert parameters["seed"].default is UNSET
        assert parameters["seed"].annotation == "int | Unset"

    def test_help_reports_the_model_and_its_inputs(self) -> None:
        told = pydoc.plain(pydoc.render_doc(Wan2_6ImageToImage))
        assert "wan-ai/wan-2-6/image-to-image" in told
        assert "image_urls" in told
        assert "from_payload" in told
        assert "Text prompt describing the desired image." in told
        assert "minItems: 1" in told
        assert "file_size_mb< 10: File size must be less than 10 MB." in told
        assert "demo value: 1024*1024 (1:1)" in told

    def test_an_input_of_the_class_reports_what_it_is(self, tmp_path: Path) -> None:
        schema = {"type": "string", "description": "A\x1b[31m red\none"}
        cls = make_class(tmp_path, {"class": schema}, required=["class"])
        assert repr(cls.class_) == "<input class_ of Small>"
        assert cls.class_.__doc__ == ("A\\x1b[31m red\\none\nrequired\nsent as class\ntype: string")

    def test_unset_is_one_false_value(self) -> None:
        assert not UNSET
        assert repr(UNSET) == "UNSET"
        assert copy.deepcopy(UNSET) is copy.copy(UNSET) is UNSET
        assert pickle.loads(pickle.dumps(UNSET)) is UNSET  # noqa: S301  # our own bytes
        assert isinstance(UNSET, Unset)


class Styled(Wan2_6ImageToImage):
    """A user's own class on top of a generated one."""

    def in_watercolour(self) -> Styled:
        return self.replace(prompt=f"{self.prompt}, watercolour")


class TestSubclasses:
    def test_a_subclass_has_the_inputs_of_its_model(self) -> None:
        request = Styled(prompt="a hat", image_urls=IMAGES).in_watercolour()
        assert request.payload() == {"prompt": "a hat, watercolour", "image_urls": IMAGES}
        assert Styled.input_schema() == Wan2_6ImageToImage.input_schema()
        assert list(inspect.signature(Styled).parameters)[:2] == ["prompt", "image_urls"]


def test_a_number_that_python_refuses_to_write_has_a_repr(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"seed": {"type": "integer"}})
    assert repr(cls(seed=10**5_000)) == "Small(seed=a number of more than 40 digits)"
    assert repr(cls(seed=7)) == "Small(seed=7)"
