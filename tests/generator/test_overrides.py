"""An override whose target is gone, and a folder that was renamed, are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
        "overrides.json/input/properties/promt: promt: removes what the stored document does not have",
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


def test_an_override_of_something_that_is_there_is_not_reported(tmp_path: Path) -> None:
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
        "acme/two: odd in the schema itself\n  source.json: model_id: says 'acme/one'; the folder"
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
