"""The whole catalogue at 4, 1,000 and 5,000 models: pull, generate, check, diff, docs, import, search, completion, mypy."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runcomfy.testing import mock_service

from .measure import Figure, Table
from .projects import PACKAGE, Project, Ran, catalogue_entries, run_command

__all__ = ["PEERS", "run"]

PEERS = ("datamodel-code-generator", "ruff", "mypy")
SIZES = (4, 1_000, 5_000)
AGAIN, STARTS = 5, 15
#: Models that the program uses which mypy reads.
USED = 10


@dataclass(slots=True)
class Size:
    """A project with so many models, and what was measured of it: what -> value."""

    project: Project
    models: int
    #: A model of it, as ``module`` and ``class``.
    first: tuple[str, str]
    found: dict[str, float] = field(default_factory=dict)

    def median(self, what: str, work: Callable[[], Ran], times: int = AGAIN) -> None:
        """Note the median time of a command."""
        self.found[what] = statistics.median(work().seconds for _ in range(times))


def run() -> Iterator[Table]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        sizes = [_generated(Path(name) / str(models), models) for models in SIZES]
        _used(sizes)
        start_up = sizes[0].found["unchanged"]
        for size in sizes:
            yield Table(f"{size.models:,} models", list(_figures(size, start_up)))
        yield Table("How it grows", list(_growth(sizes)))


def _generated(folder: Path, models: int) -> Size:
    """Everything that the generator does, one after the other."""
    project = Project(folder, models)
    cold = project.cold()
    size = Size(project, models, _first_class(project))
    size.found |= {"cold": cold.seconds, "peak": cold.kilobytes / 1_000}
    # Files that were written just now are read again; from the next run on they are not.
    project.let_the_clock_pass()
    project.generate()
    size.median("check", lambda: project.generate("--check"))
    size.median("one changed", project.with_one_changed)
    size.found["disk"] = project.size() / 1e6
    size.found["manifest"] = (project.package / "_manifest.json").stat().st_size / 1e6
    size.found["pull"] = _pulled(folder / "pulled", models)
    size.found["same files"] = _written_again(folder / "pulled", folder / "again")
    shutil.copytree(project.schemas, folder / "old")
    project.change_one()
    project.generate()
    diff = ["diff", str(folder / "old"), str(project.schemas)]
    size.median("diff", lambda: run_command(diff, accepted=(0, 1)), 3)
    docs = ["docs", "--schemas", str(project.schemas), "--out", str(folder / "docs")]
    size.found["docs"] = run_command(docs).seconds
    return size


def _pulled(schemas: Path, models: int) -> float:
    with mock_service(catalogue=catalogue_entries(models)) as service:
        command = ["pull", "--all", "--schemas", str(schemas), "--base-url", service.url]
        return run_command(command, RUNCOMFY_TOKEN="any").seconds  # noqa: S106  # no service asks for it


def _written_again(pulled: Path, again: Path) -> float:
    """What the disk takes for the same folders and files, made by a plain loop: ext4 is slow where much was deleted."""
    found = [
        (path, path.read_bytes() if path.is_file() else None) for path in sorted(pulled.rglob("*"))
    ]
    start = time.perf_counter()
    for path, content in [(pulled, None), *found]:
        place = again / path.relative_to(pulled)
        if content is None:
            place.mkdir(parents=True)
        else:
            place.write_bytes(content)
    return time.perf_counter() - start


def _first_class(project: Project) -> tuple[str, str]:
    models = json.loads((project.package / "_manifest.json").read_bytes())["models"]
    entry = min(models.values(), key=lambda one: (one["package"], one["module"]))
    return f"{PACKAGE}.{entry['package']}.{entry['module']}", entry["exports"][0]


def _used(sizes: list[Size]) -> None:
    """What those pay who use the package; the sizes take turns."""
    programs = {size.models: _programs(size) for size in sizes}
    taken: dict[tuple[int, str], list[float]] = {}
    for _ in range(STARTS):
        for size in sizes:
            for what, command in programs[size.models].items():
                ran = run_command(command, module="", PYTHONPATH=str(size.project.out))
                taken.setdefault((size.models, what), []).append(ran.seconds)
            taken.setdefault((size.models, "unchanged"), []).append(size.project.generate().seconds)
    for size in sizes:
        for what in (*programs[size.models], "unchanged"):
            size.found[what] = statistics.median(taken[size.models, what])
        size.found["mypy"], size.found["mypy modules"] = _checked(size)


def _programs(size: Size) -> dict[str, list[str]]:
    module, cls = size.first
    owner = module.rpartition(".")[0]
    validate = f"from runcomfy import validate\nfrom {owner} import {cls}\nvalidate({cls}, {{}})"
    model_id = f"import {module} as m; print(m.{cls}.model_id)"
    environment = {**os.environ, "PYTHONPATH": str(size.project.out)}
    shown = subprocess.run(
        [sys.executable, "-c", model_id],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    main = "import sys; from runcomfy.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", main]
    line = f"runcomfy-py run '{shown.stdout.strip()}' pro"
    return {
        "bare": [sys.executable, "-c", "pass"],
        "validate": [sys.executable, "-c", validate],
        "search": [*command, "models", "wan", "--installed"],
        "completion": [*command, "__complete", "bash", line],
    }


def _checked(size: Size) -> tuple[float, int]:
    """Mypy without a cache over a program that uses ten models: seconds, and how many modules of the package it read."""
    folder = size.project.folder / "program"
    folder.mkdir()
    models = json.loads((size.project.package / "_manifest.json").read_bytes())["models"]
    entries = list(models.values())[: USED if size.models > USED else size.models]
    lines = [
        f"from {PACKAGE}.{one['package']}.{one['module']} import {one['exports'][0]} as M{i}\nprint(M{i}.model_id)"
        for i, one in enumerate(entries)
    ]
    (folder / "program.py").write_text("\n".join(lines), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-incremental",
        "--config-file",
        "",
        "--verbose",
        str(folder),
    ]
    ran = run_command(command, module="", MYPYPATH=str(size.project.out))
    return ran.seconds, len(set(re.findall(rf"Parsing \S+/{PACKAGE}/(\S+)", ran.errors)))


def _figures(size: Size, start_up: float) -> Iterator[Figure]:
    found, thousands = size.found, size.models / 1_000
    large = size.models >= SIZES[1]
    yield Figure("pull --all, from a local mock", found["pull"], "s")
    yield Figure("the same files, written by a plain loop", found["same files"], "s")
    yield Figure("generate, cold", found["cold"], "s")
    above = found["unchanged"] - start_up
    bound = 0.05 * thousands if large else None
    yield Figure("generate, unchanged: above that of 4 models", above, "s", bound)
    yield Figure("generate, one changed", found["one changed"], "s", 1.0)
    yield Figure("generate --check", found["check"], "s")
    yield Figure("generate, cold: peak memory of the process", found["peak"], "MB")
    yield Figure("size of the package", found["disk"], "MB")
    yield Figure("size of its manifest", found["manifest"], "MB")
    yield Figure("diff of two folders, one model changed", found["diff"], "s")
    yield Figure("docs", found["docs"], "s")
    for what, name in (
        ("validate", "import one class, validate: above a bare interpreter"),
        ("search", "models wan --installed: the same"),
        ("completion", "completion of an input: the same"),
    ):
        yield Figure(name, (found[what] - found["bare"]) * 1_000, "ms")
    yield Figure(
        f"mypy --strict over a program that uses {min(USED, size.models)}", found["mypy"], "s"
    )
    yield Figure("modules of the package that it reads", int(found["mypy modules"]), "")


def _growth(sizes: list[Size]) -> Iterator[Figure]:
    few, many, most = sizes
    for what in ("pull", "same files", "cold", "check", "diff", "docs", "disk"):
        bound = 5.5 if what == "cold" else None
        yield Figure(f"{what}: 5,000 / 1,000", most.found[what] / many.found[what], "x", bound)
    memory = 1_000 * (most.found["peak"] - many.found["peak"]) / (SIZES[2] - SIZES[1])
    yield Figure("peak memory: growth a model", memory, "KB", 20.0)
    for what in ("validate", "search", "completion", "mypy"):
        bound = 1.2 if what == "validate" else None
        yield Figure(f"{what}: 5,000 / 4", most.found[what] / few.found[what], "x", bound)
