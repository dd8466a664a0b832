"""A generated package in a project of a user's own: every build backend ships it whole with its default settings."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.generate import text_schema
from support.small_models import make

BACKENDS = {
    "setuptools": ("setuptools>=77", "setuptools.build_meta"),
    "hatchling": ("hatchling", "hatchling.build"),
    "flit": ("flit_core>=3.11", "flit_core.buildapi"),
    "poetry": ("poetry-core>=2", "poetry.core.masonry.api"),
    "uv": ("uv_build", "uv_build"),
}

PROJECT = """
[build-system]
requires = ["{requirement}"]
build-backend = "{backend}"

[project]
name = "my-models"
version = "1.0"
description = "Models of ours."
requires-python = ">=3.11"
"""

SCHEMA = {
    **text_schema("prompt", required=["prompt"]),
    "anyOf": [{"required": ["prompt"]}, {"required": ["tags"]}],
}

#: Everything that once was read from files beside the modules.
USE = """
import sys
sys.path.insert(0, sys.argv[1])
import my_models, pathlib
assert sys.argv[1] in my_models.__file__, my_models.__file__
import runcomfy
runcomfy.register("my_models")
from my_models.acme import One
assert One.input_schema()["required"] == ["prompt"]
report = runcomfy.validate("acme/one", {"prompt": "a hat"})
assert report.valid and not report.unchecked, report
assert not runcomfy.validate("acme/one", {}).valid
import pydantic
pydantic.TypeAdapter(One).json_schema()
"""


@pytest.mark.slow  # five builds
@pytest.mark.parametrize("name", BACKENDS)
def test_a_wheel_holds_all_of_a_generated_package(name: str, tmp_path: Path) -> None:
    requirement, backend = BACKENDS[name]
    make(tmp_path, {"acme/one": SCHEMA}, "my_models")
    (tmp_path / "out").rename(tmp_path / "src")
    (tmp_path / "pyproject.toml").write_text(
        PROJECT.format(requirement=requirement, backend=backend), encoding="utf-8"
    )
    build = [sys.executable, "-m", "build", "--wheel"]
    done = subprocess.run(
        [*build, "--outdir", "dist", "."], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    used = subprocess.run(
        [sys.executable, "-c", USE, str(tmp_path / "installed")],
        cwd=tmp_path / "dist",
        capture_output=True,
        text=True,
        check=False,
    )
    assert used.returncode == 0, used.stderr
