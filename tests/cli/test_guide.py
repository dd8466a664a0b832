"""docs/command-line.md: every command in it works, and the fields of --json are those that it names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from runcomfy.cli.command_list import COMMANDS
from runcomfy.mock import MockService
from support.command import run

from .conftest import TOKEN

pytestmark = pytest.mark.slow  # each test starts several interpreters or clients

PAGE = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```bash\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
FIELDS = dict(
    re.findall(r"^\| `(\w+)`.*? \| (.+) \|$", TEXT.partition("## In scripts")[2], re.MULTILINE)
)
EDIT = "openai/gpt-image-2/edit"
INPUTS = {"prompt": "a hat", "images": ["https://example.com/a.png"]}


@pytest.fixture(autouse=True)
def files() -> None:
    Image.new("RGB", (800, 600)).save("cat.png")
    Path("inputs.json").write_text(json.dumps(INPUTS), encoding="utf-8")
    Path("payloads").mkdir()
    Path("payloads/one.json").write_text(json.dumps(INPUTS), encoding="utf-8")
    Path("token.txt").write_text(f"{TOKEN}\n", encoding="utf-8")


def cases() -> list[object]:
    """The blocks; those that wait for the mock's own pace are slow."""
    return [
        pytest.param(
            block,
            id=block.splitlines()[-1][:60],
            marks=[pytest.mark.slow] if "--mock" in block else [],
        )
        for block in BLOCKS
    ]


@pytest.mark.parametrize("block", cases())
def test_the_commands_of_the_guide_work(block: str, service: MockService) -> None:
    programs = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if "--key hat-1" in block:
        assert service.accepted == 1


def test_every_command_is_in_a_guide() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGE.parent.glob("*.md"))
    for name in COMMANDS:
        assert f"runcomfy-py {name}" in pages, name


def fields(command: str) -> set[str]:
    """The fields that the guide names for a command; those in brackets are of what stands before."""
    return set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", FIELDS[command])))


def test_the_fields_of_json_are_those_of_the_guide(service: MockService) -> None:
    given = [
        f"{name}={value}" for name, value in {"prompt": "x", "images": "https://x.org/a"}.items()
    ]
    request_id = run("submit", EDIT, *given, "--json").json[0]["request_id"]
    lines = {
        "submit": run("submit", EDIT, *given, "--json", "--again"),
        "status": run("status", request_id, "--json"),
        "cancel": run("cancel", request_id, "--json"),
        "run": run("wait", request_id, "--json"),
        "jobs": run("jobs", "--json"),
        "recover": run("recover", "--json"),
        "models": run("models", "--json"),
        "show": run("show", EDIT, "--json"),
        "whoami": run("whoami", "--json"),
        "doctor": run("doctor", "--json"),
    }
    Path("rows.jsonl").write_text('{"prompt": "a hat"}\n', encoding="utf-8")
    batch = [
        "batch",
        "openai/gpt-image-1-5/text-to-image",
        "rows.jsonl",
        "--out",
        "hats",
        "--price",
        "0.04",
    ]
    ran_batch = run(*batch, "--json")
    lines["batch"] = ran_batch
    assert {*ran_batch.json[-1]} == {"summary"}
    for more, told in (
        ([*batch, "--dry-run"], "batch --dry-run"),
        (["batch", "status", "hats"], "batch status"),
    ):
        row = re.search(rf"^\| `{told}` \| (.+) \|$", TEXT, re.MULTILINE)
        assert row is not None
        assert {*run(*more, "--json").json[0]} == set(re.findall(r"`(\w+)`", row[1])), told
    for command, ran in lines.items():
        assert {*ran.json[0]} == fields(command) - {"summary"}, command
    validated = run("validate", EDIT, "inputs.json", "--json").json[0]
    assert {*validated} == fields("validate") - {"line", "summary"}
