"""What libraries ask of classes and functions: type hints, copies with changes, the fields of a dataclass."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import pytest

import runcomfy
from runcomfy import ValidationError
from runcomfy_models.openai import GptImage2Edit
from runcomfy_models.wan_ai import Wan2_6ImageToImageOutput
from support.small_models import make_class

REQUEST = GptImage2Edit(prompt="a hat", images=["https://example.com/cat.png"])


def test_request_and_output_classes_have_type_hints() -> None:
    hints = typing.get_type_hints(GptImage2Edit)
    assert hints["prompt"] is str
    assert "1k" in str(hints["resolution"])
    assert typing.get_type_hints(Wan2_6ImageToImageOutput)["images"] == list[str] | None


@pytest.mark.parametrize("name", sorted(runcomfy.__all__))
def test_every_public_class_and_function_has_type_hints(name: str) -> None:
    for one in _annotated(getattr(runcomfy, name)):
        typing.get_type_hints(one)


def test_error_classes_have_type_hints_in_their_own_module() -> None:
    program = (
        "import typing; from runcomfy import errors; "
        "[typing.get_type_hints(getattr(errors, name)) for name in errors.__all__]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def _annotated(value: Any) -> list[Any]:
    """A function; or a class and its bases, with their methods and properties."""
    if not isinstance(value, type):
        return [value] if inspect.isfunction(value) else []
    ours = [cls for cls in value.__mro__ if cls.__module__.startswith("runcomfy")]
    members = [one for cls in ours for one in vars(cls).values()]
    functions = [
        one.fget if isinstance(one, property) else getattr(one, "__func__", one) for one in members
    ]
    return [*ours, *(one for one in functions if inspect.isfunction(one))]


def test_nested_types_have_hints_too(tmp_path: Path) -> None:
    inner = {"type": "object", "properties": {"path": {"type": "string"}}}
    cls = make_class(tmp_path, {"loras": {"type": "array", "items": inner}})
    assert "SmallLorasItem" in str(typing.get_type_hints(cls)["loras"])


@pytest.mark.parametrize("names", [("path", "scale"), ("a-b", "scale")])
def test_the_members_of_nested_types_have_hints(tmp_path: Path, names: tuple[str, str]) -> None:
    inner = {
        "type": "object",
        "properties": {names[0]: {"enum": ["a"]}, names[1]: {"type": "number"}},
        "required": [names[0]],
    }
    cls = make_class(tmp_path, {"lora": inner}, required=["lora"])
    nested = typing.get_type_hints(cls)["lora"]
    hints = typing.get_type_hints(nested, include_extras=True)
    assert hints == {names[0]: typing.Literal["a"], names[1]: typing.NotRequired[float]}
    assert nested.__module__ == cls.__module__


def test_hints_cost_nothing_until_somebody_asks() -> None:
    program = (
        "import sys; from runcomfy import validate; from runcomfy_models.openai import GptImage2Edit as G; "
        "G(prompt='a', images=['https://x/y']); "
        "assert not {'typing', 'dataclasses', 'inspect', 'ast'} & {*sys.modules}, sys.modules"
    )
    subprocess.run([sys.executable, "-S", "-c", "import sys; sys.path[:] = " + repr(sys.path) + "; " + program], check=True)  # fmt: skip


def test_the_signature_shows_the_annotations_as_they_are_written() -> None:
    assert "images: 'Sequence[MediaSource]'" in str(inspect.signature(GptImage2Edit))


def test_a_copy_can_be_changed() -> None:
    for changed in (
        REQUEST.replace(prompt="b"),
        REQUEST.__replace__(prompt="b"),
        dataclasses.replace(REQUEST, prompt="b"),
        *([vars(copy)["replace"](REQUEST, prompt="b")] if sys.version_info >= (3, 13) else []),
    ):
        assert changed == GptImage2Edit(prompt="b", images=["https://example.com/cat.png"])
    with pytest.raises(ValidationError):
        dataclasses.replace(REQUEST, prompt=5)  # type: ignore[arg-type]  # that is the mistake


def test_asdict_gives_the_inputs_by_name(tmp_path: Path) -> None:
    found = dataclasses.asdict(REQUEST)
    assert found == {"prompt": "a hat", "images": ("https://example.com/cat.png",)}
    cls = make_class(tmp_path, {"a": {"type": "object"}, "b": {"type": "array"}})
    request = cls(a={"x": [1]}, b=[{"y": 2}])
    assert dataclasses.asdict(request) == {"a": {"x": (1,)}, "b": ({"y": 2},)}
    assert cls(**dataclasses.asdict(request)) == request


def test_what_is_inside_a_request_cannot_be_changed(tmp_path: Path) -> None:
    request = make_class(tmp_path, {"a": {"type": "object"}})(a={"x": {"y": 1}})
    changes: list[Any] = [
        lambda: request.a.update(x=2),
        lambda: request.a["x"].pop("y"),
        request.a.clear,
    ]
    for change in changes:
        with pytest.raises(TypeError, match="frozen"):
            change()
    assert copy.deepcopy(request.a) == {"x": {"y": 1}}
    assert pickle.loads(pickle.dumps(request.a)) == request.a  # noqa: S301  # our own bytes
