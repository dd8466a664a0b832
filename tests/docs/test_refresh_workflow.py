"""The nightly workflow of examples/workflows, step by step in a scratch repository, against a mock of the service."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from runcomfy.mock import MockService
from runcomfy.testing import mock_service
from support.small_models import store

WORKFLOW = Path(__file__).parents[2] / "examples/workflows/refresh-models.yml"
SETTINGS = """
[tool.runcomfy-codegen]
out = "src"
package = "my_models"
models = ["acme/*"]
base-url = "{url}"
"""
#: Says what it was asked for, and knows the pull requests that it made.
GH = """#!/bin/sh
echo "$*" >> "$GH_LOG"
case "$2" in
    list) if [ -f "$GH_LOG.open" ]; then echo 7; fi ;;
    create) touch "$GH_LOG.open" ;;
esac
"""


def schema(*sizes: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"size": {"type": "string", "enum": [*sizes]}}}


class Project:
    """A repository with a remote one, in which the workflow's steps run."""

    def __init__(self, folder: Path, service: MockService) -> None:
        self.folder = folder / "project"
        self.log = folder / "gh.log"
        self.changes = folder / "temp/changes.md"
        bin_folder = folder / "bin"
        for one in (self.folder, bin_folder, folder / "temp"):
            one.mkdir()
        (bin_folder / "gh").write_text(GH)
        (bin_folder / "gh").chmod(0o755)
        path = [str(bin_folder), str(Path(sys.executable).parent), os.environ["PATH"]]
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join(path),
            "RUNCOMFY_TOKEN": "any",
            "RUNNER_TEMP": str(folder / "temp"),
            "GH_LOG": str(self.log),
        }
        (self.folder / "pyproject.toml").write_text(SETTINGS.format(url=service.url))
        store(self.folder / "schemas", "acme/cat", schema("small", "large"))
        self.run(
            "git init -q -b main && git init -q --bare ../remote && git remote add origin ../remote"
        )
        self.run("runcomfy-codegen generate && git add -A")
        self.run(
            "git -c user.name=T -c user.email=t@example.com commit -qm start && git push -q origin main"
        )

    def run(self, script: str) -> str:
        """Run a script as the runners do."""
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def night(self) -> None:
        """Every step of the workflow, from a fresh checkout of main, but for the installation."""
        self.run("git switch -q main")
        steps = import_module("yaml").safe_load(WORKFLOW.read_text())["jobs"]["refresh"]["steps"]
        for step in steps:
            if "run" in step and step["name"] != "install":
                self.run(step["run"])

    def asked(self) -> list[str]:
        """What gh was asked to do, by its second word."""
        return (
            [line.split()[1] for line in self.log.read_text().splitlines()]
            if self.log.exists()
            else []
        )


@pytest.mark.slow
def test_the_workflow_opens_a_pull_request_and_keeps_it_true(tmp_path: Path) -> None:
    entries: list[dict[str, Any]] = [
        {"model_id": "acme/cat", "input_schema": schema("small", "large")},
        {"model_id": "acme/bad"},
        {"model_id": "other/dog", "input_schema": schema("small")},
    ]
    with mock_service(catalogue=entries) as service:
        project = Project(tmp_path, service)
    with mock_service(catalogue=entries, port=int(service.url.rpartition(":")[2])):
        project.night()
    assert project.asked() == ["list", "create"]  # the catalogue metadata are new
    entries[0]["input_schema"] = schema("small")
    with mock_service(catalogue=entries, port=int(service.url.rpartition(":")[2])):
        project.night()
        assert "value 'large' gone" in project.changes.read_text()
        assert project.asked() == ["list", "create", "list", "edit"]
        pushed = project.run("git show --stat origin/refresh-models")
        assert "schemas/acme/cat/catalogue.json" in pushed
        assert "src/my_models/acme/cat.py" in pushed
        assert "other/dog" not in pushed
        project.run("git switch -q main && git merge -q --ff-only refresh-models")
        project.log.unlink()
        project.night()
    assert project.asked() == []


@pytest.mark.parametrize(
    "word", ["contents: write", "pull-requests: write", "secrets.RUNCOMFY_TOKEN"]
)
def test_the_workflow_requests_what_it_needs(word: str) -> None:
    assert word in WORKFLOW.read_text()
