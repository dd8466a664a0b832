"""Engines: rows a second of a batch in one process and on Ray, and what Ray adds to a row.

Both run the same rows against a mock service in a process of its own, whose jobs are done at once, so that all the time is ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import ray

from runcomfy import Client, Polling
from runcomfy.engines import ENGINES, EngineName
from runcomfy_models.openai import GptImage1_5TextToImage

from .measure import Figure, Table

__all__ = ["PEERS", "run"]

PEERS = ("ray",)
ROWS, JOBS, SUBMITS, ROUNDS = 600, 100, 16, 3
_SERVICE = """
import sys
from runcomfy.mock import small_output
from runcomfy.testing import mock_service
with mock_service(make_output=small_output, polls_in_queue=0, polls_running=0, keep_log=False) as service:
    print(service.url, flush=True)
    sys.stdin.read()
"""


def run() -> Iterator[Table]:
    """Measure."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RUNCOMFY_TOKEN", "any")
    start = time.perf_counter()
    ray.init("local", include_dashboard=False, log_to_driver=False, object_store_memory=100 * 2**20)
    started = time.perf_counter() - start
    try:
        with _service() as url:
            _seconds("ray", url, 4)  # Ray's processes are there from now on
            taken: dict[EngineName, list[float]] = {
                engine: [_seconds(engine, url, 1)] for engine in ENGINES
            }
            for _ in range(ROUNDS):
                for engine in ENGINES:
                    taken[engine].append(_seconds(engine, url, ROWS))
    finally:
        ray.shutdown()
    yield _table(started, taken)


def _seconds(engine: EngineName, url: str, rows: int) -> float:
    """How long a batch of so many rows takes, in an empty folder."""
    given = [{"key": f"k{n}", "prompt": f"row {n}"} for n in range(rows)]
    with (
        tempfile.TemporaryDirectory() as folder,
        Client(base_url=url, polling=Polling(0.005, 0.02)) as client,
    ):
        start = time.perf_counter()
        batch = client.batch(
            GptImage1_5TextToImage,
            given,
            out=Path(folder, "batch"),
            engine=engine,
            price=0.01,
            jobs=JOBS,
            submits=SUBMITS,
        )
        assert all(one.state == "succeeded" for one in batch)
        return time.perf_counter() - start


def _table(started: float, taken: dict[EngineName, list[float]]) -> Table:
    figures = []
    row = {}
    for engine, (start, *rounds) in taken.items():
        seconds = median(rounds)
        row[engine] = (seconds - start) / (ROWS - 1)
        figures += [
            Figure(f"{engine}: rows a second", ROWS / seconds, "/s"),
            Figure(f"{engine}: a batch of one row", start, "s"),
            Figure(f"{engine}: a further row", row[engine] * 1000, "ms"),
        ]
    added = (row["ray"] - row["local"]) * 1000
    figures.append(Figure("added to a row by Ray", added, "ms"))
    figures.append(Figure("starting Ray on this machine", started, "s"))
    return Table(f"A batch of {ROWS} rows with their files, {JOBS} in flight", figures)


@contextmanager
def _service() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVICE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()
