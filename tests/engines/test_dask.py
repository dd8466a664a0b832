"""``client.shards`` on a Dask cluster whose workers are killed: Dask runs their tasks again, and no row is paid twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from runcomfy import Client, ConfigurationError, Polling
from runcomfy.mock import Asked, small_output
from runcomfy.testing import mock_service

ID = "openai/gpt-image-1-5/text-to-image"
ROWS, SHARD, KILLS, SUBMITS = 160, 10, 6, 4

#: Tells the workers' processes whenever it is asked for them, and in the end the states of all rows and how often tasks were begun.
_PROGRAM = """
import sys
from pathlib import Path
import distributed
from runcomfy import Client, Polling

URL, OUT, LOG, ID, ROWS, SHARD = sys.argv[1:]
rows = [{"key": f"k{n}", "prompt": f"row {n}"} for n in range(int(ROWS))]
parts = [rows[at : at + int(SHARD)] for at in range(0, len(rows), int(SHARD))]

def begun(run, part):
    with Path(LOG).open("a") as log:
        log.write(part[0]["key"] + " ")
    return [(one.key, one.state) for one in run(part)]

if __name__ == "__main__":
    with Client(base_url=URL, polling=Polling(0.01, 0.05)) as client:
        shards = client.shards(ID, out=OUT, max_cost=100, price=0.04)
    with distributed.Client(n_workers=3, threads_per_worker=1, dashboard_address=None) as dask:
        def begin(part):
            return dask.submit(begun, shards.run, part, pure=False, retries=5)

        def outcomes(future, part):
            try:
                return future.result()
            except distributed.KilledWorker:  # Dask gives a task up whose workers died four times
                return outcomes(begin(part), part)

        futures = [begin(part) for part in parts]
        for _ in sys.stdin:
            pids = [one["pid"] for one in dask.run(lambda: {"pid": __import__("os").getpid()}, on_error="ignore").values()]
            print(*pids, flush=True)
        for future, part in zip(futures, parts):
            print(*(state for _, state in outcomes(future, part)), flush=True)
"""


def rows(count: int) -> list[dict[str, Any]]:
    return [{"key": f"k{n}", "prompt": f"row {n}"} for n in range(count)]


def test_a_shard_that_runs_again_pays_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNCOMFY_TOKEN", "any")
    with (
        mock_service(make_output=small_output, polls_in_queue=0, polls_running=0) as service,
        Client(base_url=service.url, polling=Polling(0.01, 0.05)) as client,
    ):
        shards = client.shards(ID, out=tmp_path / "out", max_cost=1, price=0.01)
        first, again = shards.run(rows(3)), shards.run(rows(4))
        assert [one.state for one in again] == ["succeeded"] * 4
        assert [one.files for one in again[:3]] == [one.files for one in first]
        assert service.accepted == 4


def test_shards_refuse_what_they_cannot_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNCOMFY_TOKEN", "any")
    with Client(base_url="http://127.0.0.1:1") as client:
        with pytest.raises(ConfigurationError, match="rate is not available for them"):
            client.shards(ID, out=tmp_path / "out", rate=1.0)
        with pytest.raises(ConfigurationError, match="max_cost needs price"):
            client.shards(ID, out=tmp_path / "out", max_cost=1)
        with pytest.raises(ConfigurationError, match="every row of a shard needs a 'key'"):
            client.shards(ID, out=tmp_path / "out").run([{"prompt": "a hat"}])


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("ray")
def test_killed_dask_workers_pay_no_row_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setenv("RUNCOMFY_TOKEN", "any")
    submitted, due = [0], threading.Semaphore(0)

    def watch(asked: Asked) -> None:
        if asked.action == "submit":
            submitted[0] += 1
            if submitted[0] % 20 == 0:
                due.release()

    log = tmp_path / "begun.txt"
    with mock_service(
        make_output=small_output, watch=watch, queue_seconds=0.1, run_seconds=0.3
    ) as service:
        words = [service.url, str(tmp_path / "out"), str(log), ID, str(ROWS), str(SHARD)]
        program = tmp_path / "program.py"
        program.write_text(_PROGRAM)
        with subprocess.Popen(
            [sys.executable, str(program), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as running:
            assert running.stdin is not None
            assert running.stdout is not None
            for number in range(KILLS):
                assert due.acquire(timeout=120)
                running.stdin.write("workers\n")
                running.stdin.flush()
                pids = running.stdout.readline().split()
                os.kill(int(pids[number % len(pids)]), signal.SIGKILL)
            running.stdin.close()
            states = Counter(running.stdout.read().split())
        paid = [str(job.payload["prompt"]) for job in service.jobs]
    assert running.returncode == 0
    assert len(set(paid)) == len(paid)
    assert states["succeeded"] + states["unknown"] == ROWS == states.total()
    assert states["unknown"] <= SUBMITS * KILLS
    assert len(log.read_text().split()) > ROWS // SHARD  # Dask's own retries did strike
