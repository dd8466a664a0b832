"""``run --key``, killed with SIGKILL at any step and repeated: paid at most once, and nothing that was paid is lost."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from threading import Lock

import pytest

from runcomfy.mock import Asked, small_output
from runcomfy.testing import mock_service
from support.command import PROGRAM, run

from .conftest import TOKEN

EDIT = "openai/gpt-image-2/edit"
ACTIONS = ("catalogue", "submit", "status", "result", "download")
KEYS, KILLS = 8, 3


class Killer:
    """Kills the command under test when the service has done what it asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._victim: subprocess.Popen[bytes] | None = None
        self._action = ""

    def aim(self, victim: subprocess.Popen[bytes], action: str) -> None:
        with self._lock:
            self._victim, self._action = victim, action

    def __call__(self, asked: Asked) -> None:
        with self._lock:
            if self._victim is not None and asked.action == self._action:
                self._victim.kill()


def command(key: str) -> list[str]:
    inputs = [f"prompt=marker {key}", "images=https://example.com/a.png"]
    return ["run", EDIT, *inputs, "--key", key, "-o", "out", "-q"]


def settle(key: str, marked: dict[str, list[str]]) -> None:
    """What a person does: look for the request in the account, and say what was found."""
    found = marked.get(f"marker {key}", [])
    answer = ["--request-id", found[0]] if found else ["--not-sent"]
    assert run("journal", "resolve", key, *answer).status == 0


@pytest.mark.slow  # some dozens of processes
def test_a_run_that_is_killed_and_repeated_pays_once(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(7)  # noqa: S311  # which step is struck, the same each time
    killer = Killer()
    with mock_service(
        polls_in_queue=0, polls_running=0, make_output=small_output, watch=killer
    ) as service:
        monkeypatch.setenv("RUNCOMFY_BASE_URL", service.url)
        monkeypatch.setenv("RUNCOMFY_TOKEN", TOKEN)

        def marked() -> dict[str, list[str]]:
            requests: dict[str, list[str]] = {}
            for job in service.jobs:
                requests.setdefault(job.payload["prompt"], []).append(job.request_id)
            return requests

        for number in range(KEYS):
            key = f"row-{number}"
            for _ in range(KILLS):
                victim = subprocess.Popen(
                    [*PROGRAM, *command(key)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
                killer.aim(victim, draw.choice(ACTIONS))
                victim.communicate(timeout=60)
            last = run(*command(key))
            if last.status == 76:
                settle(key, marked())
                last = run(*command(key))
            assert last.status == 0, last.err
            assert Path(last.lines[0]).read_bytes()[:4] == b"\x89PNG"
        assert {len(ids) for ids in marked().values()} == {1}
        assert len(marked()) == KEYS
    states = [one["state"] for one in run("jobs", "--json").json]
    assert states == ["succeeded"] * KEYS
