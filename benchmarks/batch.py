"""Batches: 10,000 rows at 200 in flight beside scripts that do the same calls, and resuming them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from .batch_server import serve
from .measure import Figure, Table, ratio

__all__ = ["PEERS", "run"]

PEERS = ("aiohttp", "anyio", "fal-client", "replicate")
ROWS, TURNS = 10_000, 3
#: Peers take so long that they get fewer rows.
PEER_ROWS = 1_000
#: Submits at once: as many as are in flight, and the default of a batch.
SUBMITS = {"as many submits at once": 200, "4 submits at once": 4}

#: Seconds, seconds of processor time, the most memory in KB.
_Taken = tuple[float, float, float]


def run() -> Iterator[Table]:
    """Measure."""
    with serve() as url:
        for words, submits in SUBMITS.items():
            yield _beside_client(url, words, submits)
        yield _beside_peers(url)


def _side(side: str, url: str, rows: int, submits: int, folder: str) -> _Taken:
    """Seconds, seconds of processor time, and the most memory in KB."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.batch_sides",
        side,
        url,
        *map(str, (rows, submits, folder)),
    ]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, spent, most = map(float, printed.split())
    return seconds, spent, most


def _beside_client(url: str, words: str, submits: int) -> Table:
    """The batch beside ``AsyncClient`` alone, and the same batch again when it is finished."""
    ours: list[_Taken] = []
    alone: list[_Taken] = []
    again: list[_Taken] = []
    small = 0.0
    for _ in range(TURNS):
        with tempfile.TemporaryDirectory() as folder:
            ours.append(_side("batch", url, ROWS, submits, folder))
            again.append(_side("batch", url, ROWS, submits, folder))
        with tempfile.TemporaryDirectory() as folder:
            alone.append(_side("client", url, ROWS, submits, folder))
            small = _side("batch", url, ROWS // 10, submits, f"{folder}/small")[2]
    most = statistics.median(one[2] for one in ours)
    bound = 1.3 if submits != SUBMITS["4 submits at once"] else None
    figures = [
        Figure("batch", statistics.median(one[0] for one in ours), "s"),
        Figure("batch / AsyncClient alone", _ratio(ours, alone, 0), "x", bound),
        Figure("the same in processor time", _ratio(ours, alone, 1), "x"),
        Figure("one sync of the disk", 1_000 * _sync(), "ms"),
        Figure("peak of memory", most / 1024, "MB"),
        Figure("memory for each further row", (most - small) / (ROWS * 0.9), "KB"),
        Figure("the finished batch again", statistics.median(one[0] for one in again), "s", 2.0),
        Figure("the same in processor time", statistics.median(one[1] for one in again), "s"),
    ]
    return Table(f"{ROWS:,} rows, 200 in flight, {words}", figures)


def _beside_peers(url: str) -> Table:
    """Scripts over other clients, with 200 in flight."""
    sides = ("batch", "client", "fal", "replicate")
    taken: dict[str, list[_Taken]] = {side: [] for side in sides}
    for _ in range(TURNS):
        for side, seen in taken.items():
            with tempfile.TemporaryDirectory() as folder:
                seen.append(_side(side, url, PEER_ROWS, 200, folder))
    figures = [
        Figure(f"batch / a script over {name}", _ratio(taken["batch"], taken[side], 0), "x", 1.0)
        for side, name in (("fal", "fal-client"), ("replicate", "replicate"))
    ]
    figures += [
        Figure(f"{side}", statistics.median(one[0] for one in seen), "s")
        for side, seen in taken.items()
    ]
    return Table(f"{PEER_ROWS:,} rows, 200 in flight, as many submits at once", figures)


def _ratio(ours: list[_Taken], theirs: list[_Taken], place: int) -> float:
    return ratio([one[place] for one in ours], [one[place] for one in theirs])


def _sync() -> float:
    """Seconds that the disk takes to write a page down for good."""
    taken = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(50):
            file.write(b"x" * 4_096)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)
