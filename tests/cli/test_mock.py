"""``runcomfy-py mock``: what a person sees who starts it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from runcomfy.mock import FAULTS
from support.mock_calls import MODEL, PAYLOAD, TOKEN

COMMAND = [str(Path(sys.executable).with_name("runcomfy-py")), "mock"]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command and the address that it shows; it is ended in any case."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as command:
        try:
            assert command.stdout
            found = re.search(r"http://\S+", command.stdout.readline())
            assert found
            yield command, found[0]
        finally:
            command.kill()


def ended(command: subprocess.Popen[str]) -> str:
    """What it shows until its end by Ctrl-C."""
    command.send_signal(signal.SIGINT)
    assert command.stdout
    assert command.stderr
    # communicate() would miss what was read together with the first line.
    shown = command.stdout.read()
    assert (command.wait(timeout=20), command.stderr.read()) == (0, "")
    return shown


def submit(url: str) -> httpx.Response:
    return httpx.post(
        f"{url}/v1/models/{MODEL}", json=PAYLOAD, headers={"Authorization": f"Bearer {TOKEN}"}
    )


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_it_shows_its_address_what_to_write_and_each_request_without_the_token() -> None:
    with started() as (command, url):
        assert submit(url).status_code == 200
        httpx.get(
            f"{url}/v1/models?token={TOKEN}%1B[2J", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        shown = ended(command)
    assert f'Client(base_url="{url}", token="any")' in shown
    lines = [line for line in shown.splitlines() if "/v1/" in line]
    assert [re.sub(r"^[\d:]+", "…", line) for line in lines] == [
        f"…  200        POST /v1/models/{MODEL}",
        "…  200        GET  /v1/models?token=[token]%1B[2J",
    ]
    assert "Traceback" not in shown


def test_it_fails_as_it_is_told_to() -> None:
    with started("--fault", "http_503:submit:2", "--fault", "answer_lost:submit") as (command, url):
        assert [submit(url).status_code for _ in range(2)] == [503, 503]
        with pytest.raises(httpx.RemoteProtocolError):
            submit(url)
        assert submit(url).status_code == 200
        shown = ended(command)
    assert "503        POST" in shown
    assert "fault: http_503" in shown
    assert "no response  POST" in shown
    assert "fault: answer_lost" in shown


def test_chance_is_the_same_again() -> None:
    def codes() -> list[int]:
        with started("--chaos", "0.5", "--seed", "3") as (command, url):
            answers = []
            for _ in range(8):
                try:
                    answers.append(submit(url).status_code)
                except httpx.HTTPError:
                    answers.append(0)
            ended(command)
        return answers

    first = codes()
    assert first == codes()
    assert set(first) != {200}


def test_its_requests_are_there_again_after_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "mock.db")
    slow = ["--db", path, "--queue-seconds", "10000"]
    with started(*slow) as (command, url):
        request_id = submit(url).json()["request_id"]
        ended(command)
    with started(*slow) as (command, url):
        answer = httpx.get(
            f"{url}/v1/requests/{request_id}/status", headers={"Authorization": "Bearer x"}
        )
        assert answer.json()["status"] == "in_queue"
        ended(command)


def test_it_lists_every_fault() -> None:
    status, shown = run("--list-faults")
    assert status == 0
    assert [line.split()[0] for line in shown.splitlines()] == [*FAULTS]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fault", "http_53"], "did you mean 'http_503'"),
        (["--fault", "http_503:poll"], "actions are submit"),
        (["--fault", "http_503:submit:often"], "a number or 'always'"),
        (["--chaos", "2"], "--chaos"),
        (["--chaos", "nan"], "not a finite number"),
        (["--queue-seconds", "inf"], "not a finite number"),
        (["--host", "no such host"], "--port"),
        (["--db", "/"], "--db"),
    ],
)
def test_a_mistake_is_reported_in_a_line(arguments: list[str], message: str) -> None:
    status, shown = run("--port", "0", *arguments)
    assert (status, shown.count("\n")) == (64, 1)
    assert message in shown


def test_a_port_that_is_taken_is_reported_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, shown = run("--port", str(taken.getsockname()[1]))
    assert status == 64
    assert "--port" in shown
    assert "Traceback" not in shown


def test_it_ends_when_nobody_reads_what_it_shows() -> None:
    with started() as (command, url):
        assert command.stdout
        command.stdout.close()
        with suppress(httpx.HTTPError):  # it may end before it answers
            submit(url)
        assert command.wait(timeout=20) in (0, 120, 141)
