"""Completion, as the answers to shells and in real shells."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runcomfy.cli.completion_answer import candidates
from support.command import run
from support.small_models import make
from support.terminal import spawn

pytestmark = pytest.mark.slow  # each test starts several interpreters or clients

EDIT = "openai/gpt-image-2/edit"
SPACED = "minimax/Hailuo Video 01 Live"
ENTER, TAB = "\r", "\t"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the command, whose environment has a model with spaces in its id as well."""
    folder = tmp_path_factory.mktemp("completion")
    schema = {"type": "object", "properties": {"quality": {"enum": ["low", "low light", "high"]}}}
    make(folder, {SPACED: schema}, "runcomfy_models_of_shells")
    program = folder / "bin" / "runcomfy-py"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(folder / 'out')!r})\n"
        "from runcomfy.model.registry import register\nregister('runcomfy_models_of_shells')\n"
        "from runcomfy.cli import main\n"
        "if sys.argv[1] == 'run':\n    import json\n    print('ARGUMENTS', json.dumps(sys.argv[2:]))\n"
        "else:\n    sys.exit(main())\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return program.parent


def answers(programs: Path, shell: str, *arguments: str) -> list[str]:
    done = subprocess.run(
        [str(programs / "runcomfy-py"), "__complete", shell, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def bash(programs: Path, line: str) -> list[str]:
    return answers(programs, "bash", line)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("runcomfy-py val", ["validate"]),
        (f"runcomfy-py run {EDIT} qual", ["quality="]),
        (f"runcomfy-py run {EDIT} quality=l", ["low"]),
        (f"runcomfy-py run {EDIT} quality=", ["low", "medium", "high"]),
        (f"runcomfy-py run {EDIT} --mock prompt=x quality=m", ["medium"]),
        (f"runcomfy-py run -o out {EDIT} quality=m", ["medium"]),
        (f'runcomfy-py run {EDIT} "quality=m', ["quality=medium"]),
        ("runcomfy-py run --check-files r", ["remote"]),
        ("runcomfy-py run --no-w", ["--no-wait"]),
        ("runcomfy-py completion z", ["zsh"]),
        ("runcomfy-py journal res", ["resolve", "restore-accepted"]),
        ("runcomfy-py run openai/gpt-image-2/", [EDIT]),
        ("runcomfy-py run mini", [SPACED.replace(" ", "\\ ")]),
        ("runcomfy-py run minimax/Hailuo\\ V", [SPACED.replace(" ", "\\ ")]),
        ('runcomfy-py run "minimax/Hailuo V', [SPACED]),
        (f"runcomfy-py run '{SPACED}' quality=low", ["low", "low\\ light"]),
        ("runcomfy-py run wan-ai/wan-2-6/image-to-image image_size=1024", ["1024\\*1024\\ \\(1:1\\)"]),
        ("runcomfy-py run wan-ai/wan-2-6/image-to-image prompt_extend=t", ["true"]),
        ("runcomfy-py none x", []),
        ("runcomfy-py run none/none quality=", []),
    ],
)  # fmt: skip
def test_bash_gets_what_can_follow(programs: Path, line: str, found: list[str]) -> None:
    assert bash(programs, line) == found


def test_files_are_completed_for_media_inputs_and_payloads(programs: Path) -> None:
    Path("cats").mkdir()
    Path("cat pic.png").write_bytes(b"")
    assert bash(programs, f"runcomfy-py run {EDIT} images=@ca") == ["cat\\ pic.png", "cats/"]
    assert bash(programs, f"runcomfy-py validate {EDIT} ca") == ["cat\\ pic.png", "cats/"]
    assert answers(programs, "zsh", "runcomfy-py", "run", EDIT, "images=@ca") == [
        "images=@cat pic.png",
        "images=@cats/",
    ]


def test_an_answer_imports_no_model_and_no_click() -> None:
    run("completion", "bash")  # writes the file
    program = (
        "import sys, json; from runcomfy.cli import main\n"
        f"main(['__complete', 'bash', 'runcomfy-py run {EDIT} qual'])\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    first, loaded = done.stdout.splitlines()
    assert first == "quality="
    ours = [one for one in json.loads(loaded) if one.startswith(("runcomfy", "click"))]
    assert ours == [
        "runcomfy", "runcomfy.cli", "runcomfy.cli.completion_answer", "runcomfy.cli.completion_file",
    ]  # fmt: skip


def test_the_file_is_sorted_and_made_anew_when_models_change(home: Path) -> None:
    run("completion", "bash")
    (path,) = (home / "cache" / "runcomfy").iterdir()
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    assert lines == sorted(lines)
    assert f"{EDIT}\tquality\tlow\tmedium\thigh" in lines
    path.write_text(f"{head[:-1]}x\nold/model\n", encoding="utf-8")  # another time of change
    assert run("__complete", "bash", "runcomfy-py show old").out == ""
    assert run("__complete", "bash", "runcomfy-py show wan").lines == [
        "wan-ai/wan-2-6/image-to-image"
    ]


def test_without_a_cache_folder_it_works_all_the_same() -> None:
    ran = run("__complete", "bash", "runcomfy-py show wan", XDG_CACHE_HOME="/proc/none")
    assert ran.lines == ["wan-ai/wan-2-6/image-to-image"]


def test_what_would_steer_the_terminal_is_no_candidate() -> None:
    data = [["!run", "ARGUMENTS", "model+inputs"], ["acme/x", "q", "good", "b\x1b[2Jad"]]
    assert candidates(data, ["p", "run", "acme/x"], "q=") == ["q=good", "q=b\x1b[2Jad"]
    Path("evil\x1b[2J.png").write_bytes(b"")
    assert run("__complete", "zsh", "runcomfy-py", "validate", EDIT, "ev").out == ""


SHELLS = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--private", "-i"],
}
START = {
    "bash": "bind 'set enable-bracketed-paste off'; source <(runcomfy-py completion bash)",
    "zsh": "autoload -Uz compinit; compinit -u -D; source <(runcomfy-py completion zsh)",
    "fish": "runcomfy-py completion fish | source",
}


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest, programs: Path) -> Iterator[Any]:
    """A real shell that reads its completion script; the command shows what it is run with."""
    name = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed; scripts/system_packages.sh installs it")
    running = spawn(
        name,
        SHELLS[name],
        rows=40,
        columns=200,
        TERM="dumb" if name == "bash" else "xterm",
        PATH=f"{programs}{os.pathsep}{os.environ['PATH']}",
        HOME=str(programs),
        **{f"XDG_{kind}_HOME": str(programs / kind) for kind in ("CACHE", "CONFIG", "DATA")},
    )
    running.sendline(START[name])
    running.sendline("printf '%s%s\\n' RE ADY")
    running.expect("READY\r")
    yield running
    running.close(force=True)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (f"{EDIT} quality=lo", [EDIT, "quality=low"]),
        (f"{EDIT} qualit{TAB}hi", [EDIT, "quality=high"]),
        ("minimax/Hail", [SPACED]),
        ("minimax/Hailuo\\ Vid", [SPACED]),
        ('"minimax/Hailuo Vi', [SPACED]),
        (f"'{SPACED}' quality=hi", [SPACED, "quality=high"]),
    ],
)
def test_a_real_shell_completes(shell: Any, typed: str, meant: list[str]) -> None:
    """The program of these tests shows the arguments that it is run with."""
    shell.send(f"runcomfy-py run {typed}{TAB}{ENTER}")
    shell.expect(r"ARGUMENTS (\[.*?\])\r?\n")
    assert shell.match is not None
    assert json.loads(str(shell.match[1])) == meant


def test_the_scripts_are_what_the_shells_accept() -> None:
    for name in SHELLS:
        if shutil.which(name) is None:
            continue
        script = run("completion", name).out
        checked = subprocess.run(
            [name, "-n"], input=script, text=True, capture_output=True, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, ""), name
