"""Validating many lines on one, two and four worker processes: local processes, Ray tasks and Ray Data.

The number of lines is ``RUNCOMFY_BENCH_LINES``, 400,000 unless it says otherwise; ten million take some 3 GB of disk.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow  # type: ignore[import-untyped]  # it brings no types
import pyarrow.parquet  # type: ignore[import-untyped]  # likewise

import runcomfy.ray
from runcomfy import validate_lines
from runcomfy.ray.executor import RayExecutor
from runcomfy.ray.rows import validate_rows
from runcomfy_models.wan_ai import Wan2_6ImageToImage

from .bulk import MISTAKES, SHORT, payload_of
from .measure import Figure, Table, ratio, times

__all__ = ["PEERS", "run"]

PEERS = ("ray", "pyarrow", "msgspec")
LINES = int(os.environ.get("RUNCOMFY_BENCH_LINES", "400000"))
#: Larger files are measured once: what a machine does beside it is small against their time.
ROUNDS = 3 if LINES <= 1_000_000 else 1
WORKERS = (1, 2, 4)
#: Every so manieth line is bad.
BAD_EVERY = 20
#: Rows of a Parquet file, and of a batch of Ray Data.
GROUP = 25_000


def lines_of(count: int) -> Iterator[bytes]:
    """The lines, one in twenty of them bad."""
    given = payload_of(SHORT)
    for number in range(count):
        payload = {**given, "seed": number}
        if number % BAD_EVERY == 0:
            payload |= MISTAKES[number // BAD_EVERY % len(MISTAKES)]
        yield json.dumps(payload).encode()


def write(folder: Path) -> int:
    """Write the lines as JSON Lines and as a column of Parquet files; returns how many are bad."""
    schema = pyarrow.schema({"payload": pyarrow.binary()})
    (folder / "parquet").mkdir()
    lines = lines_of(LINES)
    with (folder / "lines.jsonl").open("wb") as stream:
        number = 0
        while group := list(islice(lines, GROUP)):
            stream.writelines(line + b"\n" for line in group)
            table = pyarrow.table({"payload": group}, schema)
            pyarrow.parquet.write_table(table, folder / "parquet" / f"{number:06}.parquet")
            number += 1
    return -(-LINES // BAD_EVERY)


def read(reports: Any) -> int:
    """The number of bad lines, every one of them with its report."""
    for _ in reports:
        pass
    invalid: int = reports.summary.invalid
    return invalid


def local(folder: Path, workers: int) -> int:
    """Processes of this machine, this one among them."""
    with (folder / "lines.jsonl").open("rb") as lines:
        return read(validate_lines(Wan2_6ImageToImage, lines, processes=workers))


class Narrow(RayExecutor):
    """So many tasks at once."""

    def __init__(self, ray: Any, workers: int) -> None:
        super().__init__(ray, here=True)
        self.workers = workers


def tasks(ray: Any, folder: Path, workers: int) -> int:
    """``runcomfy-py validate --engine ray`` without its start; this process puts in order, and takes part."""
    executor = Narrow(ray, workers)
    return read(validate_rows(executor, Wan2_6ImageToImage, str(folder / "lines.jsonl")))


def dataset(ray: Any, folder: Path, workers: int) -> int:
    """Ray Data over Parquet, with reports as columns."""
    rows = ray.data.read_parquet(str(folder / "parquet"), concurrency=workers)
    checked = runcomfy.ray.validate(
        rows, Wan2_6ImageToImage, column="payload", concurrency=workers, batch_size=GROUP
    )
    refused: int = checked.filter(expr="not report_valid").count()
    return refused


def empty(ray: Any, folder: Path, workers: int) -> int:
    """What Ray Data takes for the same with a step that does nothing."""
    rows = ray.data.read_parquet(str(folder / "parquet"), concurrency=workers)

    def pass_all(table: Any) -> Any:
        return table.append_column("valid", pyarrow.array([True] * table.num_rows))

    passed = rows.map_batches(
        pass_all, batch_format="pyarrow", concurrency=workers, batch_size=GROUP
    )
    assert passed.filter(expr="not valid").count() == 0
    return -(-LINES // BAD_EVERY)


def run() -> Iterator[Table]:
    """Measure."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    ray.init(
        "local",
        num_cpus=max(WORKERS),
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=512 * 2**20,
    )
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        warnings.filterwarnings("ignore", module="ray")  # on fewer files than tasks
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            bad = write(folder)
            ways: dict[str, Callable[[int], int]] = {
                "local processes": partial(local, folder),
                "Ray tasks": partial(tasks, ray, folder),
                "Ray Data": partial(dataset, ray, folder),
                "Ray Data, empty step": partial(empty, ray, folder),
            }
            yield table(ways, bad)
    finally:
        ray.shutdown()


def table(ways: dict[str, Callable[[int], int]], bad: int) -> Table:
    """The figures of each way with each number of workers. All find the same lines to be bad."""

    def subject(way: Callable[[int], int], workers: int) -> None:
        assert way(workers) == bad
        gc.collect()

    for way in ways.values():
        subject(way, max(WORKERS))  # starts the workers, and is not measured
    taken = times(
        {
            f"{name}, {workers}": partial(subject, way, workers)
            for workers in WORKERS
            for name, way in ways.items()
        },
        ROUNDS,
    )
    figures = []
    for name in ways:
        for workers in WORKERS:
            seconds = taken[f"{name}, {workers}"]
            rate = LINES / sorted(seconds)[len(seconds) // 2]
            figures.append(Figure(f"{name}, {workers} at work", rate, "lines/s"))
        for workers in WORKERS[1:]:
            growth = ratio(taken[f"{name}, 1"], taken[f"{name}, {workers}"])
            figures.append(Figure(f"{name}, one / {workers}", growth, "x"))
    beside = ratio(taken["Ray Data, 1"], taken["Ray Data, empty step, 1"])
    figures.append(Figure("Ray Data, 1 at work / the same with an empty step", beside, "x"))
    return Table(f"{LINES:,} lines of about {SHORT} bytes, {bad:,} of them bad", figures)
