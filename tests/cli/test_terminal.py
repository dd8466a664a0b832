"""The command on a real terminal: progress, tables, narrow and resized windows, no UTF-8, no colour."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runcomfy.cli.terminal import fit
from runcomfy.mock import MockService, small_output
from runcomfy.testing import mock_service
from support.command import PROGRAM
from support.terminal import END, Screen, spawn

from .conftest import TOKEN

pytestmark = pytest.mark.slow  # each test starts several interpreters or clients

EDIT = "openai/gpt-image-2/edit"
WAN = "wan-ai/wan-2-6/image-to-image"
INPUTS = ["prompt=a hat", "images=https://example.com/a.png"]
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockService]:
    """A service at which requests stay in the queue."""
    with mock_service(polls_in_queue=10_000, make_output=small_output) as running:
        monkeypatch.setenv("RUNCOMFY_BASE_URL", running.url)
        monkeypatch.setenv("RUNCOMFY_TOKEN", TOKEN)
        yield running


def start(*arguments: str, rows: int = 24, columns: int = 80, **environment: str) -> Any:
    return spawn(PROGRAM[0], [*PROGRAM[1:], *arguments], rows=rows, columns=columns, **environment)


def shown(*arguments: str, columns: int = 80, **environment: str) -> tuple[str, list[str]]:
    """What a command writes, and what the screen shows of it."""
    running = start(*arguments, rows=200, columns=columns, **environment)
    running.expect(END)
    screen = Screen(200, columns)
    screen.feed(running.before)
    return running.before, screen.lines


def test_progress_is_one_line_that_goes_away(service: MockService) -> None:
    _, lines = shown("run", EDIT, *INPUTS, "--no-save")
    assert lines[0].startswith(f"{service.url}/files/")
    assert lines[1].startswith("runcomfy-py: request ")
    assert len(lines) == 2


def test_progress_reports_state_position_and_time(queued: MockService) -> None:
    running = start("run", EDIT, *INPUTS)
    running.expect(r"[|/\\-] in_queue \(position \d+\), \d+ s")
    running.sendintr()
    running.expect(END)
    running.close()
    assert running.exitstatus == 130
    assert "is now cancelled" in running.before


def test_a_resized_window_gets_a_line_of_its_width(queued: MockService) -> None:
    running = start("run", EDIT, *INPUTS, columns=80)
    running.expect(r"in_queue \(position")
    running.setwinsize(24, 12)
    running.expect(r"\r\x1b\[K[|/\\-] in_queue \r\x1b\[K")  # the state, cut to eleven columns
    running.setwinsize(24, 60)
    running.expect(r"in_queue \(position \d+\), \d+ s")
    running.sendintr()
    running.expect(END)


def test_a_second_ctrl_c_leaves_at_once(queued: MockService) -> None:
    queued.fault("silence", on="cancel", times=None)
    running = start("run", EDIT, *INPUTS)
    running.expect("in_queue")
    running.sendintr()
    running.expect(re.escape("\r\x1b[K"))
    running.sendintr()
    running.expect("requests in flight may continue: runcomfy-py jobs lists them")
    running.expect(END)
    running.close()
    assert signal.SIGINT in (running.signalstatus, (running.exitstatus or 0) - 128)


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_tables_fit_a_narrow_window(columns: int, service: MockService) -> None:
    Path("wrong.json").write_text(json.dumps({"prompt": 5, "seed": -1}), encoding="utf-8")
    for arguments in (["validate", WAN, "wrong.json"], ["models"], ["doctor"]):
        text, lines = shown(*arguments, columns=columns)
        assert lines
        assert "Traceback" not in text
    rows = ESCAPE.sub("", shown("doctor", columns=columns)[0]).splitlines()
    assert max(map(len, rows)) <= columns


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_ids_can_be_copied_from_a_window_of_any_width(columns: int, service: MockService) -> None:
    text = ESCAPE.sub("", shown("models", columns=columns)[0])
    assert "openai/gpt-image-1-5/image-to-image" in text
    assert ("model       openai/gpt-image-2/edit" in text) == (columns < 82)


def test_a_verdict_is_coloured_unless_no_color_is_set() -> None:
    Path("wrong.json").write_text("{}", encoding="utf-8")
    assert "\x1b[1;31m" in shown("validate", WAN, "wrong.json")[0]
    assert "\x1b[" not in shown("validate", WAN, "wrong.json", NO_COLOR="1")[0]
    assert "\x1b[" not in shown("validate", WAN, "wrong.json", TERM="dumb")[0]


def test_a_terminal_without_utf_8_gets_ascii() -> None:
    Path("text.json").write_text(json.dumps({"prompt": "x", "image_size": "猫"}), encoding="utf-8")
    settings = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "LANG": "C"}
    text, lines = shown("validate", WAN, "text.json", columns=120, **settings)
    assert text.isascii()
    assert any(r"\u732b" in line for line in lines)


def test_what_a_payload_holds_does_not_steer_the_terminal() -> None:
    evil = "\x1b]0;title\x07\x1b[2J\u202e"
    Path("evil.json").write_text(json.dumps({evil: 1, "image_size": evil}), encoding="utf-8")
    text, _ = shown("validate", WAN, "evil.json", columns=200)
    assert not {"\x07", "\u202e"} & set(text)
    assert "\x1b]" not in text
    assert "\x1b[2J" not in text


def test_json_is_never_coloured_or_animated(service: MockService) -> None:
    text, _ = shown("run", EDIT, *INPUTS, "--no-save", "--json", "-q", columns=200)
    assert json.loads(text)["state"] == "succeeded"


@pytest.mark.parametrize(
    ("text", "width", "encoding", "fits"),
    [
        ("abcdef", 4, "utf-8", "abcd"),
        ("猫猫", 3, "utf-8", "猫"),
        ("猫", 4, "ascii", "\\u73"),
        ("", 5, "ascii", ""),
    ],
)
def test_a_text_is_cut_to_the_columns_it_takes(
    text: str, width: int, encoding: str, fits: str
) -> None:
    assert fit(text, width, encoding) == fits
