"""Figures before and after: ``python -m benchmarks.against FOLDER``, with another work tree of this project.

Each tree has an environment of its own in ``.venv``. A fixed set is measured in CPU time, in processes that take
turns; a ratio above 1 is slower here than there. A call needs a local service, which is another process.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve()
RUNS, ROUNDS, CYCLES, LINES = 10, 9, 20, 50_000

AsyncCall = Callable[[], Awaitable[object]]


def best(subject: Callable[[], object], number: int = 1) -> float:
    """Milliseconds of CPU for one call, in the best of the rounds."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(number):
            subject()
        taken.append(time.process_time() - start)
    return min(taken) / number * 1_000


def calls() -> dict[str, float]:
    """A submit, a status and a result, by each client of ours."""
    from benchmarks.client_peers import ASYNC, SYNC
    from benchmarks.client_server import serve

    found = {}
    with serve() as url:
        for name in [name for name in SYNC if name.startswith("ours")]:
            cycle, close = SYNC[name](url)
            cycle()
            found[f"blocking: {name}"] = best(cycle, CYCLES)
            close()
        for name in [name for name in ASYNC if name.startswith("ours")]:
            found[f"async: {name}"] = asyncio.run(_awaited(*ASYNC[name](url)))
    return found


async def _awaited(cycle: AsyncCall, close: AsyncCall) -> float:
    """``best`` of what is awaited."""
    await cycle()
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(CYCLES):
            await cycle()
        taken.append(time.process_time() - start)
    await close()
    return min(taken) / CYCLES * 1_000


def validation() -> dict[str, float]:
    """One payload, and many lines of them."""
    from benchmarks.validation import full_payload
    from runcomfy import validate, validate_lines
    from runcomfy_models.wan_ai import Wan2_6ImageToImage as Model

    payload: dict[str, Any] = full_payload()
    wrong = {**payload, "seed": -1, "image_size": "huge"}
    good, bad = (json.dumps(one).encode() + b"\n" for one in (payload, wrong))
    with tempfile.TemporaryFile() as file:
        file.writelines(bad if number % 20 == 0 else good for number in range(LINES))

        def lines() -> None:
            file.seek(0)
            for _ in validate_lines(Model, file):
                pass

        return {
            "validate, valid": best(partial(validate, Model, payload), 1_000),
            "validate, two errors": best(partial(validate, Model, wrong), 1_000),
            f"{LINES:,} lines": best(lines),
        }


def measured(tree: Path) -> dict[str, float]:
    """The fixed set, by the program and the libraries of that tree."""
    done = subprocess.run(
        [tree / ".venv/bin/python", HERE, "--measure"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(there: Path) -> None:
    """Measure both trees in turns; print the medians and the median of the ratios."""
    trees = {"there": there.resolve(), "here": HERE.parent.parent}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
    for _ in range(RUNS):
        for name, tree in trees.items():
            runs[name].append(measured(tree))
    figures = []
    for what in runs["here"][0].keys() & runs["there"][0].keys():
        here, before = ([run[what] for run in runs[name]] for name in ("here", "there"))
        figures += [
            Figure(f"{what}: there", median(before), "ms"),
            Figure(f"{what}: here", median(here), "ms"),
            Figure(f"{what}: here / there", ratio(here, before), "x", at_most=1.05),
        ]
    figures.sort(key=lambda figure: figure.what)
    print(render(Table(f"CPU time, {RUNS} runs in turns", figures)))


if __name__ == "__main__":
    if sys.argv[1:] == ["--measure"]:
        print(json.dumps(calls() | validation()))
    else:
        from benchmarks.measure import Figure, Table, ratio
        from benchmarks.report import render

        main(Path(sys.argv[1]))
