"""Schemas in, the expected package out, to the byte; the same on every machine, every time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from golden.update import CASES, EXPECTED, HERE, expected, produced
from runcomfy_codegen.package.plan import apply
from runcomfy_codegen.pipeline import generate

ROOT = HERE.parents[1]


@pytest.mark.parametrize("case", CASES)
def test_a_case_gives_its_tree(case: str, tmp_path: Path) -> None:
    """After a change on purpose: ``make golden``, and read the difference."""
    assert produced(case, tmp_path) == expected(case)


@pytest.mark.parametrize("case", CASES)
def test_a_case_holds_nothing_else(case: str) -> None:
    assert {path.name for path in (HERE / case).iterdir()} == {"schemas", *EXPECTED}


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_committed_package_is_what_the_schemas_give(tmp_path: Path) -> None:
    apply(generate(ROOT / "schemas", tmp_path, "runcomfy_models").plan)
    assert _tree(tmp_path / "runcomfy_models") == _tree(ROOT / "generated" / "runcomfy_models")


def _everything(folder: Path) -> None:
    """All schemas of all cases in one folder."""
    for case in CASES:
        shutil.copytree(HERE / case / "schemas", folder, dirs_exist_ok=True)


def _generate(schemas: Path, out: Path, seed: str) -> dict[str, bytes]:
    command = [sys.executable, "-m", "runcomfy_codegen", "generate", "--package", "models"]
    command += ["--schemas", str(schemas), "--out", str(out)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return _tree(out)


def test_the_bytes_do_not_depend_on_hash_seed_or_folder(tmp_path: Path) -> None:
    _everything(tmp_path / "a" / "schemas")
    _everything(tmp_path / "some other place" / "schemas")
    one = _generate(tmp_path / "a/schemas", tmp_path / "a/out", "1")
    other = _generate(
        tmp_path / "some other place/schemas", tmp_path / "some other place/out", "4242"
    )
    assert one == other
    assert b"/tmp" not in b"".join(one.values())
    assert str(tmp_path).encode() not in b"".join(one.values())


def test_the_bytes_do_not_depend_on_the_order_of_adding(tmp_path: Path) -> None:
    """Models that come one by one, last first, end in the package that they give at once."""
    _everything(tmp_path / "all")
    generation = generate(tmp_path / "all", tmp_path / "at once", "models")
    apply(generation.plan)
    for model_id in sorted(generation.rendered, reverse=True):
        source = tmp_path / "all" / model_id
        target = tmp_path / "one by one" / model_id
        target.mkdir(parents=True, exist_ok=True)
        for file in source.glob("*.json"):
            shutil.copy(file, target)
        apply(generate(tmp_path / "one by one", tmp_path / "out", "models").plan)
    assert _tree(tmp_path / "out") == _tree(tmp_path / "at once")


def test_nothing_in_a_tree_tells_time_or_place() -> None:
    for path, data in _tree(ROOT / "generated").items():
        assert b"\r" not in data, path
        assert b"/home/" not in data, path
        assert b"20" + b"26-" not in data, path
