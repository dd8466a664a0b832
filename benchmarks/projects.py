"""Projects with made models, and commands over them in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from support.synthetic_models import catalogue_entries, write_models  # it lies among the tests

__all__ = ["PACKAGE", "Project", "Ran", "catalogue_entries", "run_command"]

#: The models of a project stand in for those that come with runcomfy, so that every command finds them.
PACKAGE = "runcomfy_models"

#: Runs a command and prints the peak of memory of its process in KB.
_PEAK = """
import resource, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
except SystemExit as ended:
    status = ended.code or 0
else:
    status = 0
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak // 1024 if sys.platform == "darwin" else peak, file=sys.stderr)
sys.exit(status)
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a command: its time with start-up, and its peak of memory where that was asked for."""

    seconds: float
    kilobytes: int
    errors: str


def run_command(
    arguments: list[str],
    *,
    module: str = "runcomfy_codegen",
    accepted: tuple[int, ...] = (0,),
    **environment: str,
) -> Ran:
    """Run ``python -m module``; without a module, the arguments are a command of their own."""
    command = [sys.executable, "-c", _PEAK, module, *arguments] if module else arguments
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    done = subprocess.run(
        command, env={**inherited, **environment}, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode not in accepted:
        raise RuntimeError(f"{command[-6:]} ended with {done.returncode}: {done.stderr[-2_000:]}")
    return Ran(seconds, int(done.stderr.split()[-1]) if module else 0, done.stderr)


class Project:
    """So many made models, and the package of them."""

    def __init__(self, folder: Path, models: int) -> None:
        self.folder, self.schemas, self.out = folder, folder / "schemas", folder / "out"
        self.package = self.out / PACKAGE
        write_models(self.schemas, models)

    def generate(self, *options: str) -> Ran:
        """Run the command."""
        places = ["--schemas", str(self.schemas), "--out", str(self.out), "--package", PACKAGE]
        return run_command(["generate", *places, *options])

    def cold(self) -> Ran:
        """Run it where nothing is yet."""
        shutil.rmtree(self.out, ignore_errors=True)
        return self.generate()

    def change_one(self) -> None:
        """Change the first model."""
        file = min(self.schemas.rglob("input.json"))
        document = json.loads(file.read_bytes())
        document["description"] = document.get("description", "") + "Again."
        file.write_text(json.dumps(document), encoding="utf-8")

    def with_one_changed(self) -> Ran:
        """Change it, and run the command."""
        self.change_one()
        return self.generate()

    def let_the_clock_pass(self) -> None:
        """Until a file that is written now counts as older than the run."""
        time.sleep(2.1)

    def size(self) -> int:
        """The bytes of the package's own files."""
        files = (file for file in self.package.rglob("*") if "__pycache__" not in file.parts)
        return sum(file.stat().st_size for file in files if file.is_file())
