"""Which modules a command line imports: no subcommand but its own, and nothing that is slow for a help text."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from runcomfy.cli.command_list import COMMANDS, module_of
from support.command import run

WAN = "wan-ai/wan-2-6/image-to-image"
LOADED = """
import json, sys
from runcomfy.cli import main
try:
    main(sys.argv[1:])
finally:
    print(json.dumps(sorted(sys.modules)))
"""
SLOW = ("rich", "httpx", "asyncio", "logging", "ssl", "sqlite3", "dataclasses")


def modules(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def commands(loaded: set[str]) -> set[str]:
    return loaded & {module_of(name) for name in COMMANDS}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_the_help_of_the_whole_imports_no_subcommand(arguments: list[str]) -> None:
    loaded = modules(*arguments)
    assert commands(loaded) == set()
    assert not loaded & {*SLOW, "runcomfy.model", "runcomfy.errors", "pathlib", "shutil"}


def test_the_help_of_run_imports_one_model_and_no_network() -> None:
    loaded = modules("run", WAN, "--help")
    assert commands(loaded) == {"runcomfy.cli.commands.run"}
    assert not loaded & {*SLOW, "shutil", "pathlib", "runcomfy.errors"}
    models = [one for one in loaded if one.startswith("runcomfy_models.") and one.count(".") == 2]
    assert models == ["runcomfy_models.wan_ai.wan_2_6_image_to_image"]


def test_validate_imports_what_validating_takes() -> None:
    Path("good.json").write_text('{"prompt": "x", "image_urls": ["https://x.org/a"]}')
    loaded = modules("validate", WAN, "good.json")
    assert commands(loaded) == {"runcomfy.cli.commands.validate"}
    assert not loaded & {*SLOW, "pathlib"}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_what_the_table_says(name: str) -> None:
    module = import_module(module_of(name))
    assert module.command.name == name
    assert module.command.short_help == COMMANDS[name]
    with click.Context(module.command, info_name=name) as context:
        assert module.command.get_help(context).startswith(f"Usage: {name} ")


def test_the_help_lists_every_command_with_its_line() -> None:
    shown = " ".join(run("--help", COLUMNS="200").out.split())
    for name, line in COMMANDS.items():
        assert f"{name} {line}" in shown


@pytest.mark.parametrize("package", ["runcomfy.cli", "runcomfy_codegen.cli"])
def test_a_program_can_run_the_command_twice(package: str) -> None:
    program = f"import sys\nfor _ in 'ab':\n    from {package} import main\n    main(['--version'])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert (done.stderr, len(done.stdout.splitlines())) == ("", 2)
