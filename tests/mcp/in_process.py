"""The MCP server and its client in one process, over the mock: for tests of what the tools answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
from mcp_types import ElicitRequestParams, ElicitResult

from mcp import Client
from runcomfy.mcp.server import make_server
from runcomfy.mcp.service import AgentService
from runcomfy.mcp.settings import AgentSettings
from runcomfy.mock import MockService

from .conftest import TOKEN

__all__ = ["Person", "call", "play", "refused", "settings"]


class Person:
    """Answers questions, and remembers them."""

    def __init__(self, pay: bool = True) -> None:
        self.pay = pay
        self.asked: list[str] = []

    async def __call__(self, _: object, params: ElicitRequestParams) -> ElicitResult:
        self.asked.append(params.message)
        return ElicitResult(action="accept", content={"pay": self.pay})


def settings(mock: MockService, folder: Path, **more: Any) -> AgentSettings:
    """The settings of a server over the mock."""
    return AgentSettings(
        base_url=mock.url,
        token=TOKEN,
        journal=folder / "journal.db",
        out=folder / "out",
        **more,
    )


def play(chosen: AgentSettings, script: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    """Run a conversation with a fresh server."""

    async def main() -> Any:
        async with (
            AgentService(chosen).running() as service,
            Client(make_server(service), read_timeout_seconds=60, **options) as client,
        ):
            return await script(client)

    return anyio.run(main)


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """The structured answer of a tool that must not fail."""
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    assert TOKEN not in answer.model_dump_json()
    return answer.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """The sentence of a tool that fails."""
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error, answer.content
    told = "".join(getattr(part, "text", "") for part in answer.content)
    assert "Traceback" not in told
    assert TOKEN not in told
    return told
