"""The stdio server is stopped, or a call is cancelled, while a submit is in flight: its request id is not lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runcomfy.journal import Journal
from support.scripted_server import ID, Reply, json_reply, serve

TEXT = "openai/gpt-image-1-5/text-to-image"
HELLO = {
    "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"},
}  # fmt: skip
HAT = {"model": TEXT, "inputs": {"prompt": "a hat"}, "key": "hat-1", "max_cost_usd": 0.1}


class Stdio:
    """The server as a process, and what its client sends."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def send(self, method: str, number: int | None, **params: Any) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        assert self.process.stdin is not None
        self.process.stdin.write(
            json.dumps(message if number is None else {**message, "id": number}) + "\n"
        )
        self.process.stdin.flush()

    def initialize(self) -> None:
        assert self.process.stdout is not None
        self.send("initialize", 1, **HELLO)
        assert "serverInfo" in self.process.stdout.readline()
        self.send("notifications/initialized", None)

    def hang_up(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()


@contextmanager
def stdio(url: str, folder: Path) -> Iterator[Stdio]:
    environment = {
        **os.environ, "RUNCOMFY_BASE_URL": url, "RUNCOMFY_TOKEN": "any", "XDG_STATE_HOME": str(folder),
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "runcomfy", "mcp", "--budget", "5"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=folder,
        text=True,
    ) as process:
        try:
            yield Stdio(process)
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("how", "status"), [("cancelled", 0), ("hang up", 0), ("SIGTERM", 143), ("SIGINT", 130)]
)
def test_a_submit_in_flight_keeps_its_id(how: str, status: int, tmp_path: Path) -> None:
    if os.name != "posix" and how.startswith("SIG"):
        pytest.skip("signals are sent")
    entry = json_reply(model_id=TEXT, base_price_usd=0.04, price_unit="image")
    with serve() as server, stdio(server.url, tmp_path) as client:
        accepted = Reply(body=b'{"request_id": "req-1"}', accepts=True, delay=0.3)
        server.script(submit=[accepted], model=[entry])
        client.initialize()
        client.send("tools/call", 2, name="submit", arguments=HAT)
        while not server.count("submit"):
            assert client.process.poll() is None
        if how == "cancelled":
            client.send("notifications/cancelled", None, requestId=2)
        if how in ("cancelled", "hang up"):
            client.hang_up()
        else:
            client.process.send_signal(getattr(signal, how))
        assert client.process.wait(30) == status
    with Journal(tmp_path / "runcomfy" / "journal.db") as journal:
        assert [(one.key, one.request_id) for one in journal.entries()] == [("hat-1", ID)]


def test_a_client_that_no_longer_reads_is_no_error_of_ours(tmp_path: Path) -> None:
    with serve() as server, stdio(server.url, tmp_path) as client:
        client.initialize()
        assert client.process.stdout is not None
        client.process.stdout.close()
        client.send("tools/list", 2)
        client.hang_up()
        # 0 where it ends before it answers.
        assert client.process.wait(30) in (0, 141)
