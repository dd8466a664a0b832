"""mypy and pyright accept right code, and report wrong code at the right line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

#: Text, so that the project's own checks do not trip over it.
PROGRAM = (Path(__file__).parent / "user_code.txt").read_text(encoding="utf-8")
ROOT = Path(__file__).parents[2]
PATHS = [str(ROOT / "runtime"), str(ROOT / "generated")]


def _with_mypy(folder: Path) -> set[int]:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "user_code.py"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={"MYPYPATH": ":".join(PATHS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return {int(line) for line in re.findall(r"user_code\.py:(\d+): error", done.stdout)}


def _with_pyright(folder: Path) -> set[int]:
    settings = {"include": ["user_code.py"], "extraPaths": PATHS}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {one["range"]["start"]["line"] + 1 for one in found if one["severity"] == "error"}


@pytest.mark.parametrize("checker", [_with_mypy, _with_pyright], ids=["mypy", "pyright"])
def test_errors_stand_where_the_program_is_wrong_and_nowhere_else(
    checker: Callable[[Path], set[int]], tmp_path: Path
) -> None:
    (tmp_path / "user_code.py").write_text(PROGRAM, encoding="utf-8")
    expected = {n for n, line in enumerate(PROGRAM.split("\n"), 1) if "  # error: " in line}
    assert len(expected) == 21
    assert checker(tmp_path) == expected
