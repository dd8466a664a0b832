"""Two dialects of one schema: a page's, and the catalogue's. Made models with every trap, in realistic proportion."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from runcomfy.testing import mock_service
from support.codegen import codegen
from support.generate import tree
from support.synthetic_models import catalogue_entries, write_models


def pull(folder: Path, count: int) -> int:
    with mock_service(catalogue=catalogue_entries(count)) as service:
        places = ("--schemas", folder / "schemas", "--base-url", service.url)
        return codegen("pull", "--all", *places).status


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNCOMFY_TOKEN", "any")


def test_the_catalogue_of_a_page_says_the_same_of_what_is_accepted(tmp_path: Path) -> None:
    """Pulling over models that came from pages changes no text of theirs, and nothing that programs notice."""
    count = 30
    write_models(tmp_path / "schemas", count)
    shutil.copytree(tmp_path / "schemas", tmp_path / "pages")
    assert pull(tmp_path, count) == 0
    after = tree(tmp_path / "schemas")
    before = tree(tmp_path / "pages")
    assert {name: after[name] for name in before if not name.endswith("source.json")} == {
        name: data for name, data in before.items() if not name.endswith("source.json")
    }
    assert sum(name.endswith("catalogue.json") for name in after) == count
    found = codegen("diff", tmp_path / "pages", tmp_path / "schemas", "--json").json["models"]
    told = [
        f"{one['model_id']} {change['place']}: {change['text']}"
        for one in found
        for change in one["changes"]
        if change["kind"] in ("breaking", "additive")
    ]
    assert told == []


@pytest.mark.slow
def test_a_catalogue_with_every_trap_becomes_a_package(tmp_path: Path) -> None:
    assert pull(tmp_path, 200) == 0
    options = ("--schemas", tmp_path / "schemas")
    ran = codegen("generate", *options, "--out", tmp_path / "out", "--package", "models", "--json")
    assert ran.status == 0, ran.err
    assert len(ran.json["models"]["written"]) == 200
    for format_ in ("openapi", "jsonschema"):
        json.loads(codegen("export", format_, *options).out)
    assert codegen("docs", *options, "--out", tmp_path / "docs").status == 0
