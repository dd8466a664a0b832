"""A batch with ``engine="ray"``: one folder for both engines, the limits of a batch over all workers, and failures."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runcomfy import JournalError
from runcomfy.journal import Journal
from runcomfy.mock import Asked, MockService, small_output
from runcomfy.testing import mock_service
from support.bucket_server import bucket_server, environment
from support.command import run as run_command

from .cluster import cluster, driver, ray

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("ray")]

ID = "openai/gpt-image-1-5/text-to-image"


@pytest.fixture
def service() -> Iterator[MockService]:
    with mock_service(make_output=small_output, polls_in_queue=0, polls_running=0) as one:
        yield one


@pytest.fixture
def holding() -> Iterator[tuple[MockService, Callable[[], None]]]:
    """A service whose jobs run until they are let go."""
    clock, step = itertools.count(), [0]
    with mock_service(
        make_output=small_output,
        queue_seconds=0.0,
        run_seconds=1000.0,
        clock=lambda: time.time() + step[0] * next(clock),
    ) as one:
        yield one, lambda: step.__setitem__(0, 2000)


def until(condition: Callable[[], object]) -> None:
    """Look again and again, for two minutes at most."""
    ends = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, told = process.communicate(timeout=200)
    return process.returncode, out, told


def states(out: str) -> list[str]:
    return re.findall(r"^k\d+ (\w+) ", out, re.MULTILINE)


def test_a_batch_continues_with_the_other_engine(service: MockService, tmp_path: Path) -> None:
    table, out = tmp_path / "rows.jsonl", tmp_path / "out"
    table.write_text("".join(json.dumps({"prompt": f"row {n}"}) + "\n" for n in range(12)))
    words = [
        "batch",
        ID,
        str(table),
        "--out",
        str(out),
        "--price",
        "0.01",
        "--base-url",
        service.url,
    ]
    settings: Any = {"RUNCOMFY_TOKEN": "any", "XDG_STATE_HOME": str(tmp_path), "RAY_ADDRESS": ""}
    counts = []
    for engine, more in (
        ("local", ["--max-requests", "4"]),
        ("ray", ["--max-requests", "4"]),
        ("local", []),
    ):
        ran = run_command(*words, "--engine", engine, *more, **settings)
        assert ran.status == (75 if more else 0), ran.err
        counts.append(service.accepted)
    assert counts == [4, 8, 12]
    told = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [one["state"] for one in told] == ["succeeded"] * 12
    assert all((out / name).stat().st_size for one in told for name in one["files"])
    ran = run_command(*words, "--engine", "ray", **settings)
    assert (ran.status, service.accepted) == (0, 12)


def test_limits_hold_over_all_workers(service: MockService, tmp_path: Path) -> None:
    """Budget, a failing row and the pace, on a cluster of two nodes."""
    with cluster(tmp_path, 2) as nodes:
        out = nodes.disk / "budget"
        code, told, err = ended(
            driver(service.url, nodes, out, 60, jobs=40, price=0.1, max_cost=1.0)
        )
        assert (code, err) == (0, "")
        assert 10 <= service.accepted < 60
        assert states(told).count("succeeded") == service.accepted
        with sqlite3.connect(out / "journal.db") as journal:
            (spent,) = journal.execute("SELECT sum(settled) FROM charges").fetchone()
        journal.close()
        assert spent <= 1_000_000  # micro-dollars

        service.fault("job_fails", on="submit", times=None)
        code, told, err = ended(
            driver(service.url, nodes, nodes.disk / "error", 60, jobs=2, stop_on_error=True)
        )
        assert (code, err) == (0, "")
        assert 1 <= states(told).count("failed") <= 4
        service.clear_faults()

        before = service.accepted
        began = time.monotonic()
        driver_rate = driver(service.url, nodes, nodes.disk / "rate", 20, jobs=20, rate=10.0)
        assert ended(driver_rate)[0] == 0
        assert service.accepted == before + 20
        assert time.monotonic() - began >= 1.9  # nineteen pauses of a tenth of a second


def test_failed_rows_are_repeated_once(service: MockService, tmp_path: Path) -> None:
    """The driver saves the files of a row that a worker has repeated, and pays nothing for that."""
    with cluster(tmp_path, 2) as nodes:
        out = nodes.disk / "out"
        service.fault("job_fails", on="submit", times=20)
        code, told, err = ended(driver(service.url, nodes, out, 40, jobs=50))
        assert (code, states(told).count("failed")) == (0, 20), err
        code, told, err = ended(driver(service.url, nodes, out, 40, jobs=50, retry_failed=True))
        assert (code, states(told)) == (0, ["succeeded"] * 40), err
    assert service.accepted == 60


def test_a_second_driver_on_the_folder_is_refused(
    holding: tuple[MockService, Callable[[], None]], tmp_path: Path
) -> None:
    service, let_go = holding
    with cluster(tmp_path, 2) as nodes:
        first = driver(service.url, nodes, nodes.disk / "out", 4, jobs=4)
        until(lambda: service.accepted == 4)
        code, _, told = ended(driver(service.url, nodes, nodes.disk / "out", 4, jobs=4))
        assert code == 1
        assert "JournalBusy: another process is running the batch" in told
        let_go()
        assert ended(first)[0] == 0
    assert service.accepted == 4


def test_a_driver_that_was_killed_continues_with_the_same_command(
    holding: tuple[MockService, Callable[[], None]], tmp_path: Path
) -> None:
    service, let_go = holding
    with cluster(tmp_path, 2) as nodes:
        first = driver(service.url, nodes, nodes.disk / "out", 40, jobs=20)
        until(lambda: service.accepted >= 10)
        first.kill()
        first.communicate()
        until(lambda: not nodes.processes("JournalActor"))  # it ends with its batch
        let_go()
        code, told, err = ended(driver(service.url, nodes, nodes.disk / "out", 40, jobs=20))
        assert (code, err) == (0, "")
    found = states(told)
    assert found.count("succeeded") + found.count("unknown") == 40
    assert found.count("unknown") <= 4
    paid = [str(job.payload["prompt"]) for job in service.jobs]
    assert len(set(paid)) == len(paid)


def test_sigterm_stops_the_command_in_order(
    holding: tuple[MockService, Callable[[], None]], tmp_path: Path
) -> None:
    """Ray's own handler would end the process by SIGABRT after three seconds."""
    service, let_go = holding
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f'{{"key": "k{n}", "prompt": "hat {n}"}}\n' for n in range(40)))
    words = [*("batch", ID, str(rows), "--out", str(tmp_path / "out"), "--engine", "ray")]
    words += [*("--price", "0.01", "--jobs", "4", "--base-url", service.url)]
    environ = {**os.environ, "RUNCOMFY_TOKEN": "any", "XDG_STATE_HOME": str(tmp_path / "state")}
    with subprocess.Popen(
        [sys.executable, "-m", "runcomfy", *words],
        env={**environ, "RAY_USAGE_STATS_ENABLED": "0"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        until(lambda: service.accepted == 4)
        process.terminate()
        assert process.stderr
        stopping = next(line for line in process.stderr if "Stopping" in line)
        assert "4 requests in flight" in stopping
        let_go()
        _, told = process.communicate(timeout=200)
    assert process.returncode == 143
    assert "SIGTERM received" not in told
    assert service.accepted == 4


_BUSY = """
import ray, sys, time
ray.init(sys.argv[1], log_to_driver=False)
busy = [ray.remote(lambda: time.sleep(1000)).remote() for _ in range(2)]
print("busy", flush=True)
time.sleep(1000)
"""


def test_a_stop_does_not_wait_for_room_on_a_full_cluster(
    service: MockService, tmp_path: Path
) -> None:
    """Another program has every processor, so no shard has begun."""
    rows, words = tmp_path / "rows.jsonl", ["batch", ID, "--engine", "ray", "--price", "0.01"]
    rows.write_text("".join(f'{{"prompt": "hat {n}"}}\n' for n in range(40)))
    with cluster(tmp_path, 2) as nodes:
        words += [str(rows), "--out", str(nodes.disk / "out"), "--base-url", service.url]
        with (
            subprocess.Popen(
                [sys.executable, "-c", _BUSY, nodes.address], stdout=subprocess.PIPE
            ) as other,
            subprocess.Popen(
                [sys.executable, "-m", "runcomfy", *words, "--address", nodes.address],
                env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as process,
        ):
            assert other.stdout
            assert other.stdout.readline() == b"busy\n"
            until(lambda: nodes.processes("JournalActor"))
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
            other.kill()
    assert process.returncode == 130
    assert "40 waiting" in told
    assert service.accepted == 0


def test_an_answer_that_comes_after_the_actor_was_killed_is_written_down(
    service: MockService, tmp_path: Path
) -> None:
    """The rows were claimed and posted through one actor, and the next one is told their ids."""
    service.fault("slow_headers", on="submit", times=4)
    with cluster(tmp_path, 2) as nodes:
        running = driver(service.url, nodes, nodes.disk / "out", 8, jobs=8)
        until(lambda: service.accepted >= 4)
        for one in nodes.processes("JournalActor"):
            one.kill()
        code, told, err = ended(running)
    assert (code, err) == (0, "")
    assert states(told) == ["succeeded"] * 8
    assert service.accepted == 8


def test_a_killed_worker_leaves_only_what_it_was_posting_unknown(
    service: MockService, tmp_path: Path
) -> None:
    service.fault("slow_headers", on="submit", times=4)
    with cluster(tmp_path, 2) as nodes:
        running = driver(service.url, nodes, nodes.disk / "out", 20, jobs=8)
        until(lambda: service.accepted >= 4)
        for one in nodes.processes("run_task"):
            one.kill()
        code, told, err = ended(running)
    assert (code, err) == (0, "")
    assert states(told).count("unknown") == 4
    assert states(told).count("succeeded") == 16
    assert service.accepted == 20  # the unknown ones were accepted, and were not sent again


def test_nothing_is_submitted_elsewhere_when_the_journals_node_is_gone(
    service: MockService, tmp_path: Path
) -> None:
    with cluster(tmp_path, 3) as nodes:
        holder, other = nodes.further
        out = nodes.disk / "out"
        code, told, err = ended(
            driver(service.url, nodes, out, 10, holder, 1, jobs=4, max_requests=5)
        )
        assert (code, states(told).count("succeeded")) == (0, 5), err
        nodes.kill_node(holder)
        code, _, err = ended(driver(service.url, nodes, out, 10, other, 2, jobs=4))
        assert code == 1
        assert "has its journal on the node 127.0.0.2, and not on this one" in err
        assert "nothing was submitted" in err
        assert service.accepted == 5
        back = nodes.add(1)
        code, told, err = ended(driver(service.url, nodes, out, 10, back, 1, jobs=4))
        assert (code, states(told)) == (0, ["succeeded"] * 10), err
        assert service.accepted == 10


def test_a_node_with_the_token_of_another_account_is_refused(
    service: MockService, tmp_path: Path
) -> None:
    with cluster(tmp_path, 2, token="theirs") as nodes:  # noqa: S106  # the mock takes any
        code, _, told = ended(driver(service.url, nodes, nodes.disk / "out", 4))
    assert code == 1
    assert "a worker has the token of the account" in told
    assert service.accepted == 0


def test_a_full_disk_under_the_journal_pays_no_row_twice(tmp_path: Path) -> None:
    """It fills up between claims and request ids, and has room again for the second run."""
    count, filled = itertools.count(1), threading.Event()

    def fill(asked: Asked) -> None:
        if asked.action == "submit" and next(count) == 10:
            with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
                while ballast.write(bytes(4096)):
                    pass
            filled.set()

    with (
        mock_service(
            make_output=small_output, watch=fill, polls_in_queue=0, polls_running=0
        ) as service,
        cluster(tmp_path, 2) as nodes,
    ):
        disk = nodes.disk / "small"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], check=True)
        try:
            code, _, err = ended(driver(service.url, nodes, disk / "out", 60, jobs=50))
            assert (code, filled.is_set()) == (1, True)
            assert "JournalUnwritable: " in err
            assert "the disk is full; free some space and try again" in err
            (disk / "ballast").unlink()
            code, told, err = ended(driver(service.url, nodes, disk / "out", 60, jobs=50))
            assert (code, err) == (0, "")
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)
    assert states(told).count("succeeded") + states(told).count("unknown") == 60
    assert states(told).count("unknown") <= 4
    paid = [str(job.payload["prompt"]) for job in service.jobs]
    assert len(set(paid)) == len(paid)


_OLDER = (
    "import sys, ray; ray.__version__ = '1.2.3'; from runcomfy.cli import main; sys.exit(main())"
)


def test_a_cluster_with_another_version_of_ray_is_refused_with_both(
    service: MockService, tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a hat"}\n')
    with cluster(tmp_path, 1) as nodes:
        address = nodes.address
        words = ["batch", ID, str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out")]
        words += ["--engine", "ray", "--address", address, "--price", "0.01"]
        ran = subprocess.run(
            [sys.executable, "-c", _OLDER, *words, "--base-url", service.url],
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
            text=True,
            capture_output=True,
            check=False,
        )
    assert ran.returncode == 64
    assert f"cluster at {address} has other versions than this program" in ran.stderr
    assert "Ray: 1.2.3" in ran.stderr
    assert f"Ray: {ray.__version__}" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert service.accepted == 0


def test_a_trace_continues_in_the_workers(service: MockService, tmp_path: Path) -> None:
    with cluster(tmp_path, 2) as nodes:
        code, told, err = ended(driver(service.url, nodes, nodes.disk / "out", 4, traced=True))
    assert (code, err) == (0, "")
    seen = (tmp_path / "tasks.log.traces").read_text().split()
    assert set(seen) == set(re.findall(r"^trace (\d+)$", told, re.MULTILINE))


def test_results_go_into_a_bucket_from_the_workers(
    service: MockService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from obstore.store import S3Store

    with bucket_server() as endpoint:
        for name, value in environment(endpoint).items():
            monkeypatch.setenv(name, value)
        with cluster(tmp_path, 2) as nodes:
            out = nodes.disk / "out"
            for _ in range(2):  # the second run saves and pays nothing
                code, told, err = ended(
                    driver(service.url, nodes, out, 60, bucket="s3://bucket/hats", jobs=50)
                )
                assert (code, states(told)) == (0, ["succeeded"] * 60), err
        stored = {one["path"] for page in S3Store("bucket").list() for one in page}
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    named = {name.removeprefix("s3://bucket/") for one in lines for name in one["files"]}
    assert len(named) == 60
    assert named == stored
    assert service.accepted == 60


def test_the_journal_of_a_cluster_is_opened_and_never_made(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        open_again = journal.opener()
        open_again().close()
    for name in tmp_path.iterdir():
        name.unlink()
    with pytest.raises(JournalError, match="is not on this machine"):
        open_again()
    assert not [*tmp_path.iterdir()]
