"""What is public is said once: `__all__` of four packages and the two commands. Every other module may change."""

from __future__ import annotations

import ast
import importlib
import tomllib
from pathlib import Path

import pytest

import runcomfy

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = [
    "runcomfy",
    "runcomfy.model",
    "runcomfy.mock",
    "runcomfy.testing",
    "runcomfy.otel",
    "runcomfy.ray",
]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there(name: str) -> None:
    module = importlib.import_module(name)
    assert [one for one in module.__all__ if not hasattr(module, one)] == []
    assert len(set(module.__all__)) == len(module.__all__)


def test_type_checkers_see_the_names_that_run_time_has() -> None:
    tree = ast.parse(Path(runcomfy.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
    }
    assert seen == set(runcomfy.__all__) == set(runcomfy._HOMES)


def test_the_two_commands_keep_their_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["scripts"]) == {"runcomfy-py", "runcomfy-codegen"}
