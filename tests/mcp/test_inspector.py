"""The inspector of the Model Context Protocol, an independent client: its command line lists and calls the tools."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runcomfy.mock import MockService

from .conftest import TOKEN, server_command

pytestmark = pytest.mark.slow

TEXT = "openai/gpt-image-1-5/text-to-image"
Inspect = Callable[..., Any]


@pytest.fixture(scope="module")
def inspector(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program, in the version of the lock file."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: scripts/system_packages.sh")
    folder = tmp_path_factory.mktemp("inspector") / "inspector"
    shutil.copytree(Path(__file__).parent / "inspector", folder)
    install = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True)
    return str(folder / "node_modules/.bin/mcp-inspector")


@pytest.fixture
def inspect(inspector: str, service: MockService, tmp_path: Path) -> Inspect:
    """Runs a method against a fresh server; what it printed. Nothing may be said on standard error."""
    command = server_command(service, tmp_path, "--budget", "1")
    told = [f"-e{name}={value}" for name, value in (command.env or {}).items()]

    def run(method: str, *options: str) -> Any:
        done = subprocess.run(
            [inspector, "--cli", *told, "--method", method, *options, "--", command.command, *command.args],
            capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert TOKEN not in done.stdout
        return json.loads(done.stdout)

    return run


def arguments(**given: Any) -> list[str]:
    pairs = [
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in given.items()
    ]
    return [f"--tool-arg={pair}" for pair in pairs]


def test_it_lists_the_tools_and_finds_nothing_to_warn_of(inspect: Inspect) -> None:
    """``--strict`` checks the schemas of all tools, and would tell each problem."""
    assert len(inspect("tools/list", "--strict")["tools"]) == 8
    [template] = inspect("resources/templates/list")["resourceTemplates"]
    assert template["uriTemplate"].startswith("schema://")


def test_it_calls_every_tool(inspect: Inspect, service: MockService) -> None:
    def call(tool: str, **given: Any) -> Any:
        answer = inspect("tools/call", "--tool-name", tool, *arguments(**given))
        assert not answer.get("isError"), answer
        return answer["structuredContent"]

    assert call("search_models", query="text to image")["models"][0]["model_id"] == TEXT
    assert call("describe_model", model=TEXT)["inputs"]
    request = {"model": TEXT, "inputs": {"prompt": "a hat"}}
    assert call("check", **request)["valid"]
    assert call("submit", **request, key="hat-1", max_cost_usd=0.1)["new"]
    assert call("wait", key="hat-1")["state"] == "succeeded"
    assert call("result", key="hat-1")["files"]
    assert not call("cancel", key="hat-1")["cancelled"]
    assert call("history")["total"] == 1
    assert service.accepted == 1
