"""Generating 1,000 and 5,000 models: cold against datamodel-code-generator alone, unchanged, with one changed, checked."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import datamodel_code_generator as library
from datamodel_code_generator.enums import DataModelType, InputFileType

from .measure import Figure, Table, ratio

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from support.synthetic_models import write_models  # it lies among the tests

__all__ = ["PEERS", "run"]

PEERS = ("datamodel-code-generator", "ruff")
FEW, MANY = 1_000, 5_000
TURNS, AGAIN = 3, 5

#: One run of the command in a process of its own, which tells its peak of memory in KB.
COMMAND = """
import resource, sys
from runcomfy_codegen.cli import main
status = main(["generate", "--package", "many", *sys.argv[1:]])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak // 1024 if sys.platform == "darwin" else peak)
sys.exit(status)
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of the command: its time with start-up, and its peak of memory."""

    seconds: float
    kilobytes: int


def library_alone(folder: Path) -> None:
    """The same schemas through datamodel-code-generator: one call a schema, TypedDict, formatters off."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of formats that it does not know
        for file in sorted(folder.rglob("*put.json")):
            library.generate(
                file.read_text(encoding="utf-8"),
                input_file_type=InputFileType.JsonSchema,
                output_model_type=DataModelType.TypingTypedDict,
                formatters=[],
            )


class Project:
    """So many made models, and the package of them."""

    def __init__(self, folder: Path, models: int) -> None:
        self.schemas, self.out = folder / "schemas", folder / "out"
        write_models(self.schemas, models)

    def generate(self, *options: str) -> Ran:
        """Run the command."""
        places = ["--schemas", str(self.schemas), "--out", str(self.out), *options]
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *places], capture_output=True, text=True, check=True
        )
        return Ran(time.perf_counter() - start, int(done.stdout.split()[-1]))

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

    def again(self, change: Callable[[], None], *options: str) -> float:
        """The median time of runs, each after ``change``."""
        found = []
        for _ in range(AGAIN):
            change()
            found.append(self.generate(*options).seconds)
        return statistics.median(found)


def _nothing() -> None:
    pass


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run() -> Iterator[Table]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        one, few, many = (Project(Path(name) / str(number), number) for number in (1, FEW, MANY))
        one.cold()
        start_up = one.again(_nothing)
        cold: list[Ran] = []
        alone: list[float] = []
        for _ in range(TURNS):
            cold.append(few.cold())
            alone.append(_seconds(lambda: library_alone(few.schemas)))
        large = many.cold()
        seconds = [ran.seconds for ran in cold]
        growth = (large.kilobytes - cold[-1].kilobytes) / (MANY - FEW)
        yield Table(
            f"Generating {FEW:,} models",
            [
                Figure("cold, start-up included", statistics.median(seconds), "s"),
                Figure("cold / datamodel-code-generator alone", ratio(seconds, alone), "x", 0.5),
                Figure("unchanged, above start-up", few.again(_nothing) - start_up, "s", 0.05),
                Figure("one changed", few.again(few.change_one), "s", 1.0),
            ],
        )
        yield Table(
            f"Generating {MANY:,} models",
            [
                Figure("cold", large.seconds, "s"),
                Figure(
                    f"cold / cold of {FEW:,}", large.seconds / statistics.median(seconds), "x", 5.5
                ),
                Figure("unchanged, above start-up", many.again(_nothing) - start_up, "s", 0.25),
                Figure("one changed", many.again(many.change_one), "s", 1.0),
                Figure(
                    "--check, above start-up", many.again(_nothing, "--check") - start_up, "s", 0.25
                ),
                Figure("memory, growth a model", growth, "KB", 20.0),
                Figure("size of the manifest", _manifest(many) / 1e6, "MB"),
            ],
        )


def _manifest(project: Project) -> int:
    return (project.out / "many" / "_manifest.json").stat().st_size
