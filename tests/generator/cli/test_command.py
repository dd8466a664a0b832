"""``runcomfy-codegen`` itself: its help, its exit statuses and its settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runcomfy import __version__
from runcomfy.extras import install_command
from runcomfy_codegen.cli import main
from support.generate import text_schema
from support.small_models import store


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main([*arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_help_lists_the_commands_and_imports_none() -> None:
    program = (
        "import sys\n"
        "from runcomfy_codegen.cli import main\n"
        "assert main(['--help']) == 0\n"
        "print([name for name in sys.modules if name.startswith('runcomfy_codegen.ingest')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "generate" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version", capsys=capsys)[:2] == (0, f"runcomfy-codegen, version {__version__}\n")


MISUSE = {
    "no command": ([], "Missing command"),
    "unknown command": (["generat"], "Did you mean 'generate'?"),
    "unknown option": (["generate", "--chekc"], "'--check'"),
    "no source": (["add"], "Pass a SOURCE"),
    "bad package": (["generate", "--package", "a-b"], "is not a valid package name"),
}


@pytest.mark.parametrize("name", MISUSE)
def test_misuse_ends_with_64(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, words = MISUSE[name]
    status, out, err = run(*arguments, capsys=capsys)
    assert (status, out) == (64, "")
    assert words in err


def test_a_closed_pipe_is_no_error() -> None:
    command = [sys.executable, "-c", "import runcomfy_codegen.cli as c, sys; sys.exit(c.main())"]
    with subprocess.Popen(
        [*command, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_without_click_the_extra_is_named() -> None:
    program = (
        "import sys\n"
        "sys.modules['click'] = None\n"
        "from runcomfy_codegen.cli import main\n"
        "sys.exit(main(['--help']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 64
    assert install_command("codegen") in done.stderr


def test_a_missing_library_is_named_with_the_extra(tmp_path: Path) -> None:
    store(tmp_path, "acme/one", text_schema("prompt"))
    program = (
        "import sys\n"
        "sys.modules['jsonschema'] = None\n"
        "from runcomfy_codegen.cli import main\n"
        f"sys.exit(main(['export', 'openapi', '--schemas', {str(tmp_path)!r}]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 64, done.stderr
    assert f"the library jsonschema is not installed: {install_command('codegen')}" in done.stderr


SETTINGS = """
[tool.runcomfy-codegen]
schemas = "api"
out = "src"
package = "my_models"
models = ["acme/o*"]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with settings, from a folder below it."""
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    (tmp_path / "docs").mkdir()
    for model_id in ("acme/one", "acme/two"):
        store(tmp_path / "api", model_id, text_schema("prompt"))
    monkeypatch.chdir(tmp_path / "docs")
    return tmp_path


def test_settings_make_generate_alone_enough(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("generate", capsys=capsys)[0] == 0
    assert (project / "src/my_models/acme/one.py").exists()
    assert not (project / "src/my_models/acme/two.py").exists()


def test_an_option_wins_over_a_setting(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("generate", "--package", "other", "--model", "*", capsys=capsys)[0] == 0
    assert (project / "src/other/acme/two.py").exists()


WRONG = {
    "unknown": ('pakage = "x"', "did you mean 'package'?"),
    "kind": ("package = 1", "is 1, not a text"),
    "list": ('models = ["a", 1]', "not a list of strings"),
    "toml": ("package =", "cannot be read"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_reported_with_its_file(
    project: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line, words = WRONG[name]
    file = project / "pyproject.toml"
    file.write_text(f"[tool.runcomfy-codegen]\n{line}\n")
    status, _, err = run("generate", capsys=capsys)
    assert status == 64
    assert str(file) in err
    assert words in err
