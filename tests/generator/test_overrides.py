"""An override whose target is gone, and a folder that was renamed, are reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.codegen import codegen
from support.generate import run, text_schema
from support.small_models import store

STRANGE: list[tuple[dict[str, Any], str]] = [
    (
        {"input": {"properties": {"promt": {"title": "Prompt"}}}},
        "overrides.json/input/properties/promt: promt: is not in the stored document; the override adds it",
    ),
    (
        {"input": {"property": {"prompt": {"title": "Prompt"}}}},
        "overrides.json/input/property: property: is not in the stored document; the override adds it",
    ),
    (
        {"input": {"properties": {"promt": None}}},
        "overrides.json/input/properties/promt: promt: removes something that the stored document does not contain",
    ),
    (
        {"output": {"properties": {"image": {"title": "Image"}}}},
        "overrides.json/output/properties: properties: is not in the stored document",
    ),
]


@pytest.mark.parametrize(("overrides", "line"), STRANGE, ids=str)
def test_an_override_without_a_target_is_reported(
    tmp_path: Path, overrides: dict[str, Any], line: str
) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"), overrides=overrides)
    assert line in run(tmp_path).out


def test_an_override_of_something_that_exists_is_not_reported(tmp_path: Path) -> None:
    overrides = {"input": {"required": ["prompt"], "properties": {"prompt": {"title": "Prompt"}}}}
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"), overrides=overrides)
    assert "overrides.json" not in run(tmp_path).out


def test_a_folder_that_was_renamed_is_reported(tmp_path: Path) -> None:
    source = {"model_id": "acme/one"}
    store(tmp_path / "schemas", "acme/two", text_schema("prompt"), source=source)
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"), source=source)
    told = run(tmp_path).out
    assert told.count("source.json") == 1
    assert (
        "acme/two: odd in the schema\n  source.json: model_id: says 'acme/one', but the folder"
        in told
    )


@pytest.mark.parametrize(
    "model_id", ["acme/-con", "acme/_nul_", "-prn/x", "acme/com1-", "acme/-lpt9"]
)
def test_no_module_or_folder_is_a_device_of_windows(tmp_path: Path, model_id: str) -> None:
    store(tmp_path / "schemas", model_id, text_schema("prompt"))
    assert run(tmp_path).status == 0
    devices = {"con", "nul", "prn", "com1", "lpt9"}
    assert not {path.stem for path in (tmp_path / "out").rglob("*")} & devices


# The command


def test_the_command_starts_overrides_that_change_nothing(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    run(tmp_path)
    module = tmp_path / "out/models/acme/one.py"
    before = module.read_bytes()
    started = codegen("override", "acme/one", "--schemas", tmp_path / "schemas")
    file = tmp_path / "schemas/acme/one/overrides.json"
    assert (started.status, started.out) == (0, f"started    {file}\n")
    assert json.loads(file.read_text())["input"] == {"properties": {"prompt": {}}}
    assert run(tmp_path).status == 0
    assert module.read_bytes() == before


def test_the_command_does_not_touch_overrides_that_are_there(tmp_path: Path) -> None:
    overrides = {"input": {"title": "x"}}
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"), overrides=overrides)
    refused = codegen("override", "acme/one", "--schemas", tmp_path / "schemas")
    assert refused.status == 64
    assert "overrides.json: exists already" in refused.err
    file = tmp_path / "schemas/acme/one/overrides.json"
    assert json.loads(file.read_text()) == overrides


@pytest.mark.parametrize("given", [[], ["acme/one"]], ids=["all", "one"])
def test_the_check_names_each_override_whose_target_is_gone(
    tmp_path: Path, given: list[str]
) -> None:
    schemas = tmp_path / "schemas"
    for name in ("acme/one", "acme/two"):
        store(schemas, name, text_schema("prompt"), overrides=STRANGE[0][0])
    found = codegen("override", *given, "--check", "--schemas", schemas)
    assert found.status == 1
    assert (
        "acme/one  overrides.json/input/properties/promt: is not in the stored document"
        in found.out
    )
    assert ("acme/two" in found.out) == (not given)


def test_the_check_passes_where_every_override_has_its_target(tmp_path: Path) -> None:
    overrides = {"input": {"properties": {"prompt": {"title": "Prompt"}}}}
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"), overrides=overrides)
    found = codegen("override", "--check", "--schemas", tmp_path / "schemas")
    assert (found.status, found.out) == (0, "Every override has its target.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument 'MODEL'"),
        (["acme/oen"], "did you mean 'acme/one'"),
        (["acme/old"], "Override acme/one."),
    ],
)
def test_the_command_says_which_model_it_wants(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    schemas = tmp_path / "schemas"
    store(schemas, "acme/old", text_schema("prompt"))
    assert codegen("rename", "acme/old", "acme/one", "--schemas", schemas).status == 0
    refused = codegen("override", *arguments, "--schemas", schemas)
    assert refused.status == 64
    assert words in refused.err
