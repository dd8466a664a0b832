"""Generated code holds to what we ask of our own: types, lint, format, and a quiet import."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from golden.update import CASES, HERE

ROOT = HERE.parents[1]
PACKAGES = [ROOT / "generated" / "runcomfy_models", *(HERE / case / "models" for case in CASES)]
PATHS = [str(package.relative_to(ROOT)) for package in PACKAGES]


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", *command]
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_generated_code_passes_mypy_strict(tmp_path: Path) -> None:
    done = _run("mypy", "--strict", f"--cache-dir={tmp_path}", *PATHS)
    assert done.returncode == 0, done.stdout


def test_generated_code_passes_pyright() -> None:
    done = _run("pyright", "--outputjson", *PATHS)
    assert json.loads(done.stdout)["generalDiagnostics"] == []
    assert json.loads(done.stdout)["summary"]["filesAnalyzed"] > 40


def test_generated_code_passes_the_projects_lint() -> None:
    """With what keeps the linters of other projects off left out of account."""
    done = _run("ruff", "check", "--no-cache", "--ignore-noqa", *PATHS)
    assert done.returncode == 0, done.stdout


def test_generated_code_is_formatted(tmp_path: Path) -> None:
    """Below its header, which keeps formatters off."""
    for number, file in enumerate(file for package in PACKAGES for file in package.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        assert "# fmt: off\n" in text
        (tmp_path / f"m{number}.py").write_text(text.replace("# fmt: off\n", ""), encoding="utf-8")
    settings = ["--isolated", "--line-length", "100", "--target-version", "py311"]
    done = _run("ruff", "format", "--check", "--no-cache", *settings, str(tmp_path))
    assert done.returncode == 0, done.stdout


def test_lines_of_docstrings_stay_within_100_columns() -> None:
    for package in PACKAGES:
        for file in package.rglob("*.py"):
            lines = file.read_text(encoding="utf-8").split("\n")
            for node in ast.walk(ast.parse("\n".join(lines))):
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                    text = lines[node.lineno - 1 : node.end_lineno]
                    assert max(map(len, text)) <= 100, (file, text)


@pytest.mark.parametrize(
    "tool", [("black",), ("isort",), ("ruff", "check", "--select=ALL", "--fix", "--exit-zero")]
)
def test_tools_of_other_projects_leave_generated_code_alone(
    tool: tuple[str, ...], tmp_path: Path
) -> None:
    shutil.copytree(PACKAGES[0], tmp_path / "models")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.py")}
    done = _run(*tool, *(["--no-cache"] if tool[0] == "ruff" else []), str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.py")} == before


def test_importing_generated_code_does_not_load_typing() -> None:
    for package in PACKAGES:
        for file in package.rglob("*.py"):
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                assert getattr(node, "module", None) != "typing", file


IMPORT = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
package = importlib.import_module(sys.argv[2])
for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    module = importlib.import_module(info.name)
    for name in getattr(module, "__all__", ()):
        getattr(module, name)
    for name in getattr(module, "__all__", ()):
        help = getattr(module, name).__doc__
"""


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.parent.name)
def test_generated_code_imports_with_warnings_as_errors(package: Path) -> None:
    command = [sys.executable, "-W", "error", "-I", "-B", "-c", IMPORT]
    done = subprocess.run(
        [*command, str(package.parent), package.name], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_placeholder_keys_never_surface() -> None:
    """The stored pages hold them; nothing that people import or read does."""
    assert any("modelApiDoc_" in file.read_text() for file in (ROOT / "schemas").rglob("*.json"))
    for package in PACKAGES:
        for file in package.rglob("*"):
            if file.suffix in (".py", ".json"):
                assert "modelApiDoc_" not in file.read_text(encoding="utf-8"), file
