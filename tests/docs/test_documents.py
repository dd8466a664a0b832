"""README and docs are true: every Python block runs, every command exists, every link leads somewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)")
ANCHOR = re.compile(r"\]\((?!https?://)([^)#]*)#([^)]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
WAN = "wan-ai/wan-2-6/image-to-image"
#: A Ray of its own, whichever else runs on this machine.
_RAY = {"RAY_ADDRESS": "local", "RAY_USAGE_STATS_ENABLED": "0"}


def blocks(language: str) -> list[object]:
    return [
        pytest.param(body, id=f"{page.name}-{number}")
        for page in PAGES
        for number, (name, body) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
        if name == language
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder with the files that the documents speak of."""
    from PIL import Image

    Image.new("RGB", (800, 600)).save(tmp_path / "cat.png")
    shutil.copy(
        ROOT / "tests" / "data" / "pages" / "001_ec2c246017073373.txt", tmp_path / "page.html"
    )
    schema = (ROOT / "schemas" / WAN / "input.json").read_text(encoding="utf-8")
    (tmp_path / "blocks.json").write_text(schema, encoding="utf-8")
    payload = {"prompt": "a hat", "image_urls": ["https://example.com/cat.png"]}
    (tmp_path / "payload.json").write_text(json.dumps(payload), encoding="utf-8")
    (tmp_path / "payloads.jsonl").write_text(json.dumps(payload) + "\n", encoding="utf-8")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("body", blocks("python"))
def test_python_blocks_run(body: str, folder: Path) -> None:
    # Ray's own modules use what Python and Ray itself call deprecated.
    warnings = "ignore" if "import ray" in body else "error"
    done = subprocess.run(
        [sys.executable, "-W", warnings, "-c", body],
        cwd=folder,
        env={**os.environ, **_RAY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("body", blocks("sh"))
def test_commands_work(body: str, folder: Path) -> None:
    """Make's verbs must exist; everything else is run, in order, with exit status 0."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    if "generate" in body and " add " not in body:
        page = str(folder / "page.html")
        run_command(["runcomfy-codegen", "add", page], folder)
    for line in body.strip().splitlines():
        words = shlex.split(line, comments=True)
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), line
        else:
            run_command(words, folder)


def run_command(words: list[str], folder: Path) -> None:
    program = Path(sys.executable).with_name(words[0])
    assert program.exists(), words
    done = subprocess.run(
        [str(program), *words[1:]],
        cwd=folder,
        env={**os.environ, "XDG_STATE_HOME": str(folder / ".state")},  # not the developer's journal
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("body", blocks("json"))
def test_json_blocks_are_json(body: str) -> None:
    json.loads(body)


@pytest.mark.parametrize("body", blocks("toml"))
def test_toml_blocks_are_toml(body: str) -> None:
    tomllib.loads(body)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_into_a_page_lead_to_a_heading(page: Path) -> None:
    for target, anchor in ANCHOR.findall(page.read_text(encoding="utf-8")):
        linked = page.parent / target if target else page
        headings = HEADING.findall(linked.read_text(encoding="utf-8"))
        # A heading's anchor is its words in lower case, without punctuation.
        anchors = [re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings]
        assert anchor in anchors, f"{target}#{anchor}"


def test_every_make_verb_named_in_the_documents_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {
        verb
        for page in PAGES
        for verb in re.findall(r"`make (\w+)`", page.read_text(encoding="utf-8"))
    }
    assert named
    for verb in named:
        assert re.search(rf"^{verb}:", makefile, re.MULTILINE), verb


def test_every_module_named_for_contributors_exists() -> None:
    files = [f"/{one.relative_to(ROOT).as_posix()}" for one in ROOT.glob("[!.]*/**/*.py")]
    for page in (ROOT / "docs/architecture.md", ROOT / "CONTRIBUTING.md"):
        named = set(re.findall(r"`([\w/.]+\.py)`", page.read_text(encoding="utf-8")))
        assert named
        lost = {one for one in named if not any(file.endswith(f"/{one}") for file in files)}
        assert lost <= {"runtime/runcomfy/cli/commands/NAME.py"}, page


def test_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme


def test_the_readme_lists_every_extra() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for extra in metadata["project"]["optional-dependencies"]:
        assert f"runcomfy[{extra}]" in readme, extra
