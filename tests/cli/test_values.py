"""``name=value`` on the command line is read by the types of the schema."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
import pytest

from runcomfy.cli.values import read_arguments
from runcomfy.model.declared_inputs import Input, inputs_of
from runcomfy.snippets import as_arguments
from support.small_models import make_class

PROPERTIES: dict[str, Any] = {
    "prompt": {"type": "string"},
    "seed": {"type": "integer"},
    "scale": {"type": "float"},
    "fast": {"type": "boolean"},
    "length": {"enum": ["auto", "5", 5, 10]},
    "image": {"type": "string", "format": "image_uri"},
    "images": {"type": "array", "items": {"type": "string", "format": "image_uri"}},
    "words": {"type": "array", "items": {"type": "string"}},
    "numbers": {"type": "array", "items": {"type": "integer"}},
    "loras": {"type": "array", "items": {"type": "object", "properties": {"path": {}}}},
    "options": {"type": "object"},
    "either": {"type": ["string", "integer"]},
    "maybe": {"type": ["integer", "null"]},
    "33_string": {"type": "string"},
    "free": {},
}


@pytest.fixture(scope="module")
def cls(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_class(tmp_path_factory.mktemp("values"), PROPERTIES)


def read(cls: Any, *given: str) -> dict[str, Any]:
    return read_arguments(given, inputs_of(cls))


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("prompt=7", "7"),
        ("prompt=a=b", "a=b"),
        ("prompt=", ""),
        ("prompt=@@me", "@me"),
        ("prompt=true", "true"),
        ("prompt=[1]", "[1]"),
        ("seed=7", 7),
        ("seed=-1", -1),
        ("seed=1e3", 1000.0),
        ("seed=seven", "seven"),
        ("seed=1_000", "1_000"),
        ("seed=NaN", "NaN"),
        ("seed= 7", " 7"),
        ("scale=0.5", 0.5),
        ("scale=2", 2),
        ("fast=true", True),
        ("fast=False", False),
        ("fast=1", "1"),
        ("length=auto", "auto"),
        ("length=5", "5"),
        ("length=10", 10),
        ("length=11", "11"),
        ("image=https://example.com/a.png", "https://example.com/a.png"),
        ("image=cat.png", "cat.png"),
        ("image=@cat.png", Path("cat.png")),
        ("images=https://example.com/a.png", ["https://example.com/a.png"]),
        ("words=one", ["one"]),
        ('words=["a", "b"]', ["a", "b"]),
        ("numbers=1", [1]),
        ("numbers=[1, 2]", [1, 2]),
        ('loras={"path": "x"}', [{"path": "x"}]),
        ('options={"a": 1}', {"a": 1}),
        ("options=a", "a"),
        ("either=5", 5),
        ("maybe=null", None),
        ("33_string=x", "x"),
        ("free=5", "5"),
    ],
)
def test_a_value_is_read_by_its_type(cls: Any, argument: str, value: Any) -> None:
    found = read(cls, argument)[argument.partition("=")[0]]
    assert found == value
    assert type(found) is type(value) or isinstance(value, Path)


def test_repeated_names_make_a_list(cls: Any) -> None:
    assert read(cls, "images=@a.png", "images=https://x/b.png") == {
        "images": [Path("a.png"), "https://x/b.png"]
    }
    assert read(cls, "numbers=1", "numbers=[2, 3]", "numbers=4") == {"numbers": [1, 2, 3, 4]}


def test_a_single_value_given_twice_is_refused(cls: Any) -> None:
    with pytest.raises(click.UsageError, match="seed is given 2 times, but accepts one value"):
        read(cls, "seed=1", "seed=2")


def test_a_text_can_come_from_a_file(cls: Any, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes("\ufeffa hat\r\nof silk\r\n".encode())
    (tmp_path / "seed.txt").write_text("42\n", encoding="utf-8")
    assert read(cls, f"prompt=@{tmp_path}/text.txt") == {"prompt": "a hat\r\nof silk"}
    assert read(cls, f"seed=@{tmp_path}/seed.txt") == {"seed": 42}


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("prompt", "not of the form name=value"),
        ("=x", "not of the form name=value"),
        ("prompt=@", "needs a file name; @@ is a literal @"),
        ("prompt=@none.txt", "'none.txt' cannot be read: No such file"),
        ("prompt=@picture.bin", "'picture.bin' is not UTF-8 text"),
        ("prompt=@a\0b", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_reported(cls: Any, argument: str, message: str) -> None:
    Path("picture.bin").write_bytes(b"\x89PNG\xff")
    with pytest.raises(click.UsageError, match=message.replace("'", "['\"]")):
        read(cls, argument)


def test_inputs_of_a_model_without_schema_are_json_or_text() -> None:
    given = ["a=1", "b=x", "c=[1]", "d=true", "e=null", "f=1", "f=y"]
    assert read_arguments(given, None) == {
        "a": 1, "b": "x", "c": [1], "d": True, "e": None, "f": [1, "y"],
    }  # fmt: skip


def test_an_input_that_is_no_input_stays_a_text_for_the_validator(cls: Any) -> None:
    assert read(cls, "promt=5") == {"promt": "5"}


@pytest.mark.parametrize(
    "payload",
    [
        {"prompt": "@me", "seed": 7, "fast": True, "words": ["a", "@b"], "numbers": [1, 2]},
        {"prompt": "", "words": [], "options": {"a": [1]}, "maybe": None, "length": "5"},
        {"length": 10, "loras": [{"path": "x"}], "scale": -0.25, "prompt": "a\nb = c"},
    ],
)
def test_a_payload_written_as_arguments_is_read_back(cls: Any, payload: dict[str, Any]) -> None:
    assert read(cls, *as_arguments(payload)) == payload


def test_types_behind_references_and_branches_are_found() -> None:
    root = {"$defs": {"whole": {"type": "integer"}, "circle": {"$ref": "#/$defs/circle"}}}
    schemas: dict[str, Any] = {
        "a": {"$ref": "#/$defs/whole"},
        "b": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
        "c": {"$ref": "#/$defs/circle"},
    }
    inputs = {name: Input(name, schema, root) for name, schema in schemas.items()}
    assert read_arguments(["a=5", "b=true", "c=x"], inputs) == {"a": 5, "b": True, "c": "x"}


def test_numbers_that_json_does_not_have_stay_texts(cls: Any) -> None:
    assert read(cls, "scale=Infinity") == {"scale": "Infinity"}
    assert math.isclose(read(cls, "scale=1e-3")["scale"], 0.001)
