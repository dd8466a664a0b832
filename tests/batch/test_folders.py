"""The batch command with changed folders, journals and accounts: reported, nothing lost, nothing paid twice."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from PIL import Image

from runcomfy.mock import MockService, Settings, small_output
from support.command import PROGRAM, run

from .conftest import MODEL, Command

EDIT = "openai/gpt-image-2/edit"
ROWS = 3


@pytest.fixture
def rows() -> str:
    """A table with three rows in the current folder."""
    Path("rows.csv").write_text("key,prompt\n" + "".join(f"k{n},hat {n}\n" for n in range(ROWS)))
    return "rows.csv"


def states(folder: str = "out") -> list[str]:
    text = Path(folder, "results.jsonl").read_text(encoding="utf-8")
    return [json.loads(line)["state"] for line in text.splitlines()]


# Each makes something wrong with the folder of a finished batch.


def newer(folder: Path) -> None:
    with sqlite3.connect(folder / "journal.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()


def cut(folder: Path) -> None:
    path = folder / "journal.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 // 4096 * 4096])


def gone(folder: Path) -> None:
    for file in folder.glob("journal.db*"):
        file.unlink()


def only_the_database_gone(folder: Path) -> None:
    (folder / "journal.db").unlink()


def older(folder: Path) -> None:
    shutil.copy("backup/journal.db", folder / "journal.db")


def of_another_program(folder: Path) -> None:
    gone(folder)
    with sqlite3.connect(folder / "journal.db") as database:
        database.execute("CREATE TABLE theirs (x)")
    database.close()


WRONG: list[Any] = [
    (gone, "does not exist, and its folder con"),
    (older, "is older than its folder records"),
    *(
        pytest.param(*case, marks=pytest.mark.slow)
        for case in (
            (newer, "was written by a newer version of runcomfy"),
            (cut, "is damaged"),
            (only_the_database_gone, "is missing, although its folder"),
            (of_another_program, "another program"),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "told"), WRONG, ids=lambda one: getattr(one, "__name__", ""))
def test_a_journal_that_is_not_the_last_one_is_refused(
    spoil: Callable[[Path], None],
    told: str,
    batch: Command,
    command: Command,
    service: MockService,
    rows: str,
) -> None:
    batch(rows, "--max-requests", "1")
    shutil.copytree("out", "backup")
    batch(rows)
    spoil(Path("out"))
    ran = batch(rows)
    assert told in ran.err
    assert (ran.status, service.accepted) == (65, ROWS)
    if "paid" in ran.err:
        assert "runcomfy-py batch … --accept-restored" in ran.err
    assert command("batch", "status", "out").status in (64, 65)


def test_a_restored_journal_continues_when_it_is_accepted(
    batch: Command, service: MockService, rows: str
) -> None:
    batch(rows, "--max-requests", "1")
    shutil.copytree("out", "backup")
    batch(rows)
    older(Path("out"))
    assert batch(rows, "--accept-restored").status == 0
    assert service.accepted == ROWS + 2  # what the copy does not know, as was told
    assert batch(rows).status == 0


def test_a_folder_of_another_batch_is_a_conflict(
    batch: Command, service: MockService, rows: str
) -> None:
    batch(rows)
    Path("other.csv").write_text("key,prompt\nk1,scarf\n")
    Path("model.csv").write_text("key,prompt,images\nk1,x,https://example.com/a.png\n")
    payload, model = batch("other.csv"), batch("model.csv", model=EDIT)
    assert (
        "row 1: the folder has the key 'k1' with a different payload; nothing was sent"
        in payload.err
    )
    assert "the key 'k1' with a different model; nothing was sent" in model.err
    assert (payload.status, model.status, service.accepted) == (65, 65, ROWS)


def test_a_local_file_that_changed_under_its_key_is_a_conflict(
    batch: Command, service: MockService
) -> None:
    Path("rows.csv").write_text("key,prompt,images\na,x,cat.png\n")
    Image.new("RGB", (640, 640), "teal").save("cat.png")
    assert batch("rows.csv", model=EDIT).status == 0
    Image.new("RGB", (640, 640), "red").save("cat.png")
    ran = batch("rows.csv", model=EDIT)
    assert "the key 'a' with a different payload; nothing was sent" in ran.err
    assert (ran.status, service.accepted) == (65, 1)


def test_a_token_of_another_account_is_refused_until_it_is_adopted(
    batch: Command,
    command: Command,
    service: MockService,
    rows: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch(rows)
    monkeypatch.setenv("RUNCOMFY_TOKEN", "another-token-5678")
    ran = batch(rows)
    assert "belongs to the account" in ran.err
    assert "run runcomfy-py journal adopt --journal" in ran.err
    assert "to run" not in ran.err
    assert ran.status == 65
    assert command("journal", "adopt", "--journal", "out").status == 0
    assert batch(rows).status == 0
    assert service.accepted == ROWS


def test_another_service_is_refused(batch: Command, rows: str) -> None:
    batch(rows)
    ran = batch(rows, "--base-url", "http://127.0.0.1:9")
    assert "and this client talks to http://127.0.0.1:9; nothing was sent" in ran.err
    assert ran.status == 65


@pytest.mark.parametrize("place", ["rows.csv", "rows.csv/below"])
def test_a_folder_that_cannot_be_made_is_reported(
    place: str, batch: Command, service: MockService, rows: str
) -> None:
    ran = batch(rows, out=place)
    assert "cannot be the folder of a batch" in ran.err
    assert "$XDG_STATE_HOME" not in ran.err  # that is where another journal lies
    assert (ran.status, service.accepted) == (73, 0)


def test_a_file_system_without_locks_is_refused_by_name(
    batch: Command, service: MockService, rows: str
) -> None:
    lockf = fcntl.lockf

    def on_a_disk_with_locks(file: int, *how: int) -> None:
        if "/out/" in str(Path(f"/proc/self/fd/{file}").readlink()):
            raise OSError(37, "No locks available")
        lockf(file, *how)

    with patch("fcntl.lockf", on_a_disk_with_locks):
        ran = batch(rows)
    assert "without locks" in ran.err
    assert (ran.status, service.accepted) == (65, 0)


def test_a_second_runner_of_a_folder_is_refused(
    batch: Command, service: MockService, rows: str
) -> None:
    from runcomfy.journal import Journal

    batch(rows, "--max-requests", "1")
    with Journal(Path("out", "journal.db")) as journal, journal.runner():
        ran = run("batch", MODEL, rows, "--out", "out", "--price", "0.04")
    assert "another process is running the batch in" in ran.err
    assert (ran.status, service.accepted) == (75, 1)


def test_a_request_id_given_twice_is_unknown_and_never_sent_again(
    batch: Command, service: MockService, rows: str
) -> None:
    with patch("runcomfy.mock.store.uuid4", return_value="one-for-all"):
        first = batch(rows, "--jobs", "1")
    assert first.status == 76
    assert sorted(states()) == ["succeeded", "unknown", "unknown"]
    accepted = service.accepted
    again = batch(rows)
    assert (again.status, service.accepted) == (76, accepted)


@pytest.mark.slow  # the service is asked again for some seconds before a result counts as gone
def test_results_that_have_expired_are_reported_and_not_paid_again(
    batch: Command, service: MockService, rows: str
) -> None:
    service.fault("http_404", on="result", times=None)
    ran = batch(rows, "--jobs", "1")
    assert (ran.status, set(states())) == (1, {"expired"})
    service.clear_faults()
    ran = batch(rows, "--retry-failed")
    assert (ran.status, set(states()), service.accepted) == (1, {"expired"}, ROWS)


def test_files_that_have_expired_leave_rows_unsaved_and_are_not_paid_again(
    batch: Command, service: MockService, rows: str
) -> None:
    service.fault("http_404", on="download", times=None)
    ran = batch(rows)
    assert (ran.status, set(states()), service.accepted) == (1, {"unsaved"}, ROWS)
    assert "could not fetch" in ran.err
    ran = batch(rows, "--retry-failed")
    assert (set(states()), service.accepted) == ({"unsaved"}, ROWS)


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ("http_402", 77, "Stopped: the account has insufficient credit"),
        ("http_401", 77, "Stopped: the service rejected the token"),
        pytest.param(
            "connection_refused",
            69,
            "Stopped: the service cannot be reached",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_no_row_can_pass_stops_the_batch_in_order(
    fault: str, status: int, told: str, batch: Command, service: MockService, rows: str
) -> None:
    service.fault(fault, on="submit", times=None)
    ran = batch(rows, "--jobs", "2")
    assert told in ran.err
    assert (ran.status, service.accepted, set(states())) == (status, 0, {"waiting"})


def test_a_budget_without_a_price_is_refused_when_the_catalogue_is_silent(
    command: Command, service: MockService, rows: str
) -> None:
    service.fault("http_500", on="catalogue", times=None)
    with patch("runcomfy.batch.batch._ASKING", 0.5):
        ran = command("batch", MODEL, rows, "--out", "out", "--max-cost", "1")
        assert "pass one: --price 0.05" in ran.err
        assert (ran.status in (69, 75), service.accepted, Path("out").exists()) == (True, 0, False)
        assert command("batch", MODEL, rows, "--out", "out").status == 0
    assert service.accepted == ROWS


def test_an_unknown_row_is_listed_and_settled_from_the_command_line(
    batch: Command, command: Command, service: MockService, rows: str
) -> None:
    service.fault("answer_lost", on="submit")
    ran = batch(rows, "--jobs", "1")
    assert ran.status == 76
    assert "runcomfy-py journal resolve KEY --journal" in ran.err
    (entry,) = command("jobs", "--journal", "out", "--state", "unknown", "--json").json
    job = next(job for job in service.jobs if job.payload == {"prompt": "hat 0"})
    settle = [
        "journal",
        "resolve",
        entry["key"],
        "--request-id",
        job.request_id,
        "--journal",
        "out",
    ]
    assert command(*settle).status == 0
    assert (batch(rows).status, service.accepted, set(states())) == (0, ROWS, {"succeeded"})


def test_a_paused_batch_says_how_it_continues(
    batch: Command, command: Command, service: MockService, rows: str
) -> None:
    batch(rows, "--max-requests", "1")
    told = command("batch", "pause", "out")
    assert "runcomfy-py batch resume out" in told.err
    assert "paused" in command("batch", "status", "out").lines
    command("batch", "resume", "out")
    assert batch(rows).status == 0


# Real disks, clocks and processes


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system that is nearly full."""
    disk = Path("disk").resolve()
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.slow
def test_a_full_disk_stops_a_batch_and_pays_nothing_twice(
    command: Command, service: MockService, small_disk: Path
) -> None:
    Path("rows.csv").write_text(
        "key,prompt\n" + "".join(f"k{n},{n} {'x' * 2_000}\n" for n in range(120))
    )
    first = run("batch", MODEL, "rows.csv", "--out", str(small_disk / "out"), "--price", "0.04")
    assert first.status == 73
    assert "the disk is full; free some space and try again" in first.err
    assert "$XDG_STATE_HOME" not in first.err
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    again = run("batch", MODEL, "rows.csv", "--out", str(small_disk / "out"), "--price", "0.04")
    assert again.status in (0, 76)
    paid = [str(job.payload["prompt"]) for job in service.jobs]
    assert len(paid) == len(set(paid))
    left = states(str(small_disk / "out"))
    assert left.count("succeeded") + left.count("unknown") == 120
    assert left.count("unknown") <= 4


@pytest.mark.slow
def test_a_read_only_folder_is_reported(command: Command, service: MockService, rows: str) -> None:
    disk = Path("disk").resolve()
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("root writes into folders that are read-only; only a mount stops it")
    try:
        ran = run("batch", MODEL, rows, "--out", str(disk / "out"), "--price", "0.04")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    assert "Read-only file system" in ran.err
    assert (ran.status, service.accepted) == (73, 0)


_JUMPING = """
import itertools, sys, time
real, turns = time.time, itertools.cycle((0, 1e8, -1e8, 5e3))
time.time = lambda: real() + next(turns)
from runcomfy.cli import main
sys.exit(main())
"""


@pytest.mark.slow
def test_a_clock_that_jumps_by_years_changes_nothing(
    command: Command, service: MockService, rows: str
) -> None:
    program = [PROGRAM[0], "-c", _JUMPING, "batch", MODEL, rows, "--out", "out", "--price", "0.04"]
    for options in (["--max-requests", "1"], [], []):
        done = subprocess.run([*program, *options], capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
    assert (done.returncode, service.accepted, set(states())) == (0, ROWS, {"succeeded"})


@pytest.mark.slow
def test_a_batch_and_a_run_beside_an_mcp_server_share_the_users_journal(
    command: Command, service: MockService, rows: str
) -> None:
    server = subprocess.Popen(
        [*PROGRAM, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        hello: dict[str, Any] = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
        }  # fmt: skip
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(hello).encode() + b"\n")
        server.stdin.flush()
        assert b'"result"' in server.stdout.readline()  # it serves, with the journal open
        assert run("batch", MODEL, rows, "--out", "out", "--price", "0.04").status == 0
        once = ["run", MODEL, "prompt=a hat", "--key", "hat", "--no-save", "-q"]
        assert (run(*once).status, run(*once).status) == (0, 0)
        assert server.poll() is None
    finally:
        server.kill()
        server.communicate()
    assert service.accepted == ROWS + 1
    spent = {one["model"]: one for one in run("jobs", "--spend", "model", "--json").json}
    assert spent[MODEL]["requests"] == ROWS + 1


def test_costs_of_an_empty_account_are_not_guessed(
    command: Command, rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(make_output=small_output, balance=0.05, polls_in_queue=0, polls_running=0)
    with MockService(settings) as poor:
        monkeypatch.setenv("RUNCOMFY_BASE_URL", poor.url)
        ran = command("batch", MODEL, rows, "--out", "out", "--price", "0.04", "--jobs", "1")
        assert (ran.status, poor.accepted) == (77, 1)
    assert states() == ["succeeded", "waiting", "waiting"]
