"""Start-up of the command line with 1,000 models, beside the commands of neighbouring projects that are on PATH."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .imports import WAN, thousand_models
from .measure import Figure, Table

__all__ = ["PEERS", "run"]

PEERS = ("click",)
RUNS = 40
PAYLOAD = {"prompt": "a hat", "image_urls": ["https://example.com/a.png"]}
COMMAND = [sys.executable, "-c", "import sys; from runcomfy.cli import main; sys.exit(main())"]
#: What validating takes without the command: reading the file, finding the model, checking.
VALIDATE = (
    "import json, runcomfy; "
    f"assert runcomfy.validate({WAN!r}, json.load(open('payload.json', 'rb'))).valid"
)


def seconds(command: list[str], environment: dict[str, str], folder: Path) -> float:
    """Processor time of a command: it waits for nothing, and other programs of the machine do not count."""
    running = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0, command
    return used.ru_utime + used.ru_stime


def peers() -> dict[str, list[str]]:
    """The help texts of other commands, where they are installed: beside the interpreter or on PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = {name: shutil.which(name, path=path) for name in ("hf", "fal", "replicate")}
    return {name: [program, "--help"] for name, program in found.items() if program}


def run() -> Iterator[Table]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        thousand_models(folder)
        (folder / "payload.json").write_text(json.dumps(PAYLOAD), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(folder / "out"), "XDG_CACHE_HOME": name}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        line = f"runcomfy-py run {WAN} image_size=12"
        commands = {
            "bare": [sys.executable, "-c", "pass"],
            "click": [sys.executable, "-c", "import click"],
            "library": [sys.executable, "-c", VALIDATE],
            "--help": [*COMMAND, "--help"],
            "run MODEL --help": [*COMMAND, "run", WAN, "--help"],
            "validate": [*COMMAND, "validate", WAN, "payload.json", "-q"],
            "completion": [*COMMAND, "__complete", "bash", line],
            **peers(),
        }
        taken: dict[str, list[float]] = {what: [] for what in commands}
        for command in commands.values():
            seconds(command, environment, folder)  # bytecode is written
        for _ in range(RUNS):
            for what, command in commands.items():
                taken[what].append(seconds(command, environment, folder))

    def above(what: str, base: str = "bare") -> float:
        return 1_000 * statistics.median(
            b - a for a, b in zip(taken[base], taken[what], strict=True)
        )

    figures = [
        Figure("bare interpreter", 1_000 * statistics.median(taken["bare"]), "ms"),
        Figure("--help: above a bare interpreter", above("--help"), "ms", at_most=30),
        Figure("run MODEL --help: above that", above("run MODEL --help"), "ms", at_most=30),
        Figure(
            "validate: above the library doing the same", above("validate", "library"), "ms", 30
        ),
        Figure("one completion: above a bare interpreter", above("completion"), "ms"),
        Figure("for comparison, import click: above that", above("click"), "ms"),
        *(
            Figure(f"for comparison, {name} --help: above that", above(name), "ms")
            for name in peers()
        ),
    ]
    yield Table("Start-up of runcomfy-py, in processor time", figures)
