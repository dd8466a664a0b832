"""The MCP server over HTTP: who is let in, and what a kill loses."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp.client.streamable_http import streamable_http_client

from mcp import Client
from runcomfy.mock import MockService

from .conftest import TOKEN, server_command

pytestmark = pytest.mark.slow

TEXT = "openai/gpt-image-1-5/text-to-image"
HAT = {"model": TEXT, "inputs": {"prompt": "a hat"}, "key": "hat-1", "max_cost_usd": 0.1}


class Running:
    """A server process, its address and its token."""

    def __init__(self, service: MockService, folder: Path) -> None:
        command = server_command(service, folder, "--budget", "1", "--http")
        self.process = subprocess.Popen(
            [command.command, *command.args], env=command.env, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.token = self.process.stdout.readline().strip().removeprefix("Authorization: Bearer ")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def play(self, script: Any) -> Any:
        async def main() -> Any:
            headers = {"Authorization": f"Bearer {self.token}"}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=60) as http,
                Client(streamable_http_client(self.url, http_client=http)) as client,
            ):
                return await script(client)

        return anyio.run(main)


@pytest.fixture
def running(service: MockService, tmp_path: Path) -> Iterator[Running]:
    one = Running(service, tmp_path)
    yield one
    one.kill()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer {token}", "Host": "evil.example"}, 421),
        ({"Authorization": "Bearer {token}", "Origin": "https://evil.example"}, 403),
    ],
    ids=str,
)
def test_others_are_not_let_in(running: Running, headers: dict[str, str], status: int) -> None:
    given = {name: value.format(token=running.token) for name, value in headers.items()}
    given |= {"Accept": "application/json, text/event-stream"}
    answer = httpx2.post(running.url, json={}, headers=given, trust_env=False)
    assert answer.status_code == status
    assert TOKEN not in answer.text


def test_a_killed_server_is_started_again_and_pays_nothing_twice(
    service: MockService, tmp_path: Path
) -> None:
    async def submit(client: Client) -> Any:
        return (await client.call_tool("submit", HAT)).structured_content

    async def fetch(client: Client) -> Any:
        await client.call_tool("wait", {"key": "hat-1"})
        return (await client.call_tool("result", {"key": "hat-1"})).structured_content

    first = Running(service, tmp_path)
    submitted = first.play(submit)
    first.kill()
    second = Running(service, tmp_path)
    again = second.play(submit)
    answer = second.play(fetch)
    second.kill()
    assert (submitted["new"], again["new"], service.accepted) == (True, False, 1)
    assert answer["request_id"] == submitted["request_id"]
    assert Path(answer["files"][0]["path"]).is_file()
