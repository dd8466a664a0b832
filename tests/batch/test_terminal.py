"""A batch on a real terminal: its line of progress, resized and narrow windows, no UTF-8, Ctrl-C; and piped."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runcomfy.mock import MockService, small_output
from runcomfy.testing import mock_service
from support.command import PROGRAM, run
from support.terminal import END, Screen, spawn

from .conftest import MODEL

pytestmark = pytest.mark.slow  # each test starts several interpreters

ROWS = 4
CLEAR = r"\r\x1b\[K"


@pytest.fixture(autouse=True)
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home, and a table in the current folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("RUNCOMFY_TOKEN", "any-token-1234")
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("key,prompt\n" + "".join(f"猫{n},hat {n}\n" for n in range(ROWS)))


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockService]:
    """A service at which requests stay in the queue until ``run`` lets them go on."""
    with mock_service(polls_in_queue=10_000, make_output=small_output) as running:
        monkeypatch.setenv("RUNCOMFY_BASE_URL", running.url)
        yield running


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockService]:
    with mock_service(polls_in_queue=0, polls_running=0, make_output=small_output) as running:
        monkeypatch.setenv("RUNCOMFY_BASE_URL", running.url)
        yield running


ARGUMENTS = ["batch", MODEL, "rows.csv", "--out", "out", "--price", "0.04"]


def start(*options: str, columns: int = 80, **environment: str) -> Any:
    words = [*PROGRAM[1:], *ARGUMENTS, *options]
    return spawn(PROGRAM[0], words, rows=24, columns=columns, **environment)


def release(service: MockService) -> None:
    """Let all requests end: the settings are fixed for callers, and this is the service's own side."""
    for name in ("polls_in_queue", "polls_running"):
        object.__setattr__(service.settings, name, 0)


def test_progress_is_one_line_that_goes_away(quick: MockService) -> None:
    running = start()
    running.expect(END)
    running.close()
    screen = Screen(24, 80)
    screen.feed(running.before)
    assert "4 rows: 4 to run, 0 invalid; estimated cost $0.16" in screen.lines[0]
    assert "4 succeeded; $0.1600 spent" in screen.lines[1]
    assert "".join(screen.lines).endswith("results.jsonl")  # a long path takes two lines
    assert not any("running" in line or "row 1" in line for line in screen.lines)
    assert running.exitstatus == 0


def test_progress_reports_rows_running_and_money(queued: MockService) -> None:
    running = start()
    running.expect(r"0/4 rows, 4 running, \$0\.00 \+ \$0\.16 reserved")
    running.sendintr()
    running.expect("Stopping: 4 requests in flight are still being awaited")
    running.sendintr()
    running.expect(END)


def test_a_resized_window_gets_a_line_of_its_width(queued: MockService) -> None:
    running = start(columns=80)
    running.expect("4 running")
    running.setwinsize(24, 12)
    running.expect(rf"{CLEAR}0/4 rows, 4{CLEAR}")  # cut to eleven columns
    running.setwinsize(24, 60)
    running.expect(r"4 running, \$0\.00 \+ \$0\.16 reserved")
    running.sendintr()
    running.expect("Stopping")
    running.sendintr()
    running.expect(END)


def test_the_first_ctrl_c_ends_in_order_and_nothing_more_is_sent(queued: MockService) -> None:
    running = start("--jobs", "2")
    running.expect("2 running")
    while sum(asked.action == "status" for asked in queued.log) < 2:  # both are submitted
        running.expect("2 running")
    running.sendintr()
    running.expect("Stopping: 2 requests in flight are still being awaited")
    release(queued)
    running.expect(END)
    running.close()
    assert running.exitstatus == 130
    assert "2 succeeded, 2 waiting" in running.before
    assert "Stopped: it was interrupted. Rerun the command to resume." in running.before
    assert queued.accepted == 2
    assert run(*ARGUMENTS).status == 0
    assert queued.accepted == ROWS


def test_the_second_ctrl_c_leaves_at_once_and_nothing_is_paid_twice(queued: MockService) -> None:
    running = start("--jobs", "2")
    running.expect("2 running")
    while sum(asked.action == "status" for asked in queued.log) < 4:  # both are written down
        running.expect("2 running")
    running.sendintr()
    running.expect("Stopping")
    running.sendintr()
    running.expect(END)
    running.close()
    assert running.signalstatus == signal.SIGINT
    assert (
        "2 requests in flight continue at the service; rerun the command to resume."
        in running.before
    )
    assert "Traceback" not in running.before
    release(queued)
    assert run(*ARGUMENTS).status == 0
    assert queued.accepted == ROWS
    assert len({str(job.payload) for job in queued.jobs}) == ROWS


def test_a_terminal_without_utf_8_gets_ascii(quick: MockService) -> None:
    settings = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "LANG": "C"}
    quick.fault("job_fails", on="submit", times=None)
    running = start("--json", columns=120, **settings)
    running.expect(END)
    assert running.before.isascii()
    assert r"\u732b0" in running.before


def test_a_table_of_bad_rows_fits_a_narrow_window_and_steers_nothing(quick: MockService) -> None:
    evil = "\x1b]0;title\x07\x1b[2J"
    table = f'key,prompt,quality\na,x,"{evil}"\n'
    Path("rows.csv").write_text(table)
    running = start(columns=30)
    running.expect(END)
    running.close()
    assert running.exitstatus == 65
    assert not {"\x07", "\x1b"} & set(re.sub(CLEAR, "", running.before))


def test_piped_progress_is_a_line_a_row_without_colour(quick: MockService) -> None:
    ran = run(*ARGUMENTS)
    assert re.findall(r"row (\d) \(猫\d\): succeeded", ran.err) == ["1", "2", "3", "4"]
    assert "\x1b" not in ran.err + ran.out
    assert len(ran.lines) == 1
    told = [json.loads(line) for line in Path(ran.lines[0]).read_text("utf-8").splitlines()]
    assert [one["row"] for one in told] == [1, 2, 3, 4]


def test_quiet_writes_the_result_alone(quick: MockService) -> None:
    ran = run(*ARGUMENTS, "-q")
    assert (ran.err, len(ran.lines)) == ("", 1)
