"""A mock service, and the MCP server over it as an agent's client reaches it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp import StdioServerParameters
from runcomfy.mock import MockService, Settings, small_output

TOKEN = "service-token-1234567"  # noqa: S105  # it opens nothing


@pytest.fixture
def service() -> Iterator[MockService]:
    settings = Settings(make_output=small_output, polls_in_queue=1, polls_running=0)
    with MockService(settings) as one:
        yield one


@pytest.fixture
def command(service: MockService, tmp_path: Path) -> StdioServerParameters:
    """How an agent starts the server, with a budget of 1 dollar."""
    return server_command(service, tmp_path, "--budget", "1")


def server_command(service: MockService, folder: Path, *options: str) -> StdioServerParameters:
    program = "import sys; from runcomfy.cli import main; sys.exit(main())"
    return StdioServerParameters(
        command=sys.executable,
        args=[
            "-c",
            program,
            "mcp",
            "--out",
            str(folder / "out"),
            "--base-url",
            service.url,
            *options,
        ],
        env={"RUNCOMFY_TOKEN": TOKEN, "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)},
    )
