"""The MCP server as an agent uses it: the SDK's own client, the real command, the real mock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp_types import ElicitRequestParams, ElicitResult
from PIL import Image

from mcp import Client, StdioServerParameters
from runcomfy.mock import MockService

from .conftest import server_command
from .in_process import call, refused

TEXT = "openai/gpt-image-1-5/text-to-image"
EDIT = "openai/gpt-image-2/edit"
HAT = {"model": TEXT, "inputs": {"prompt": "a hat"}, "key": "hat-1", "max_cost_usd": 0.1}

TOOLS = {
    "search_models", "describe_model", "check", "submit", "wait", "result", "cancel", "history",
}  # fmt: skip


def play(command: StdioServerParameters, script: Any, **options: Any) -> Any:
    """Run a conversation with a fresh server."""

    async def main() -> Any:
        async with Client(command, read_timeout_seconds=60, **options) as client:
            return await script(client)

    return anyio.run(main)


def test_there_are_eight_tools_with_schemas_and_annotations(command: StdioServerParameters) -> None:
    async def script(client: Client) -> Any:
        return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in play(command, script)}
    assert set(tools) == TOOLS
    assert all(tool.description and tool.output_schema for tool in tools.values())
    reads = {name for name, tool in tools.items() if tool.annotations.read_only_hint}
    assert reads == {"search_models", "describe_model", "check", "wait", "history"}
    assert tools["submit"].annotations.destructive_hint
    assert all(tool.annotations.idempotent_hint for tool in tools.values())


def test_an_agent_finds_describes_checks_repairs_submits_and_fetches(
    command: StdioServerParameters, service: MockService, tmp_path: Path
) -> None:
    async def script(client: Client) -> None:
        found = await call(client, "search_models", query="text to image")
        assert [one["model_id"] for one in found["models"]] == [TEXT]
        described = await call(client, "describe_model", model=TEXT)
        assert len(json.dumps(described)) <= 4_096
        bad = await call(client, "check", model=TEXT, inputs={"prompt": 5, "quality": "lo"})
        assert [one["pointer"] for one in bad["errors"]] == ["/prompt", "/quality"]
        good = await call(client, "check", model=TEXT, inputs={"prompt": "a hat", "quality": "low"})
        assert (good["valid"], good["would_stop"]) == (True, False)
        submitted = await call(client, "submit", **HAT)
        assert submitted["new"]
        state = await call(client, "wait", key="hat-1")
        assert (state["state"], state["ended"]) == ("succeeded", True)
        answer = await client.call_tool("result", {"key": "hat-1"})
        kinds = [one.type for one in answer.content]
        assert kinds == ["text", "resource_link", "image"]
        [file] = answer.structured_content["files"]
        assert Path(file["path"]).is_relative_to(tmp_path / "out")
        assert Path(file["path"]).stat().st_size == file["bytes"]
        past = await call(client, "history", query="a hat")
        assert [one["key"] for one in past["requests"]] == ["hat-1"]
        assert past["spent_usd"] == pytest.approx(0.04)

    play(command, script)
    assert service.accepted == 1


@pytest.mark.slow
def test_the_same_key_is_never_paid_twice_across_restarts(
    command: StdioServerParameters, service: MockService
) -> None:
    async def script(client: Client) -> Any:
        return await call(client, "submit", **HAT)

    first, second = play(command, script), play(command, script)
    assert (first["request_id"], first["new"]) == (second["request_id"], True)
    assert (second["new"], service.accepted) == (False, 1)


@pytest.mark.slow
def test_another_payload_under_a_key_is_refused(
    command: StdioServerParameters, service: MockService
) -> None:
    async def script(client: Client) -> None:
        await call(client, "submit", **HAT)
        refusal = await refused(client, "submit", **{**HAT, "inputs": {"prompt": "another"}})
        assert "hat-1" in refusal

    play(command, script)
    assert service.accepted == 1


@pytest.mark.slow
def test_two_servers_at_once_pay_once(command: StdioServerParameters, service: MockService) -> None:
    async def main() -> list[str]:
        ids: list[str] = []

        async def one() -> None:
            async with Client(command, read_timeout_seconds=60) as client:
                ids.append((await call(client, "submit", **HAT))["request_id"])

        async with anyio.create_task_group() as group:
            group.start_soon(one)
            group.start_soon(one)
        return ids

    assert len(set(anyio.run(main))) == 1
    assert service.accepted == 1


@pytest.mark.slow
def test_a_lost_submit_is_unknown_and_never_sent_again(
    command: StdioServerParameters, service: MockService
) -> None:
    service.fault("answer_lost", on="submit")

    async def script(client: Client) -> None:
        refusal = await refused(client, "submit", **HAT)
        assert "may have been accepted" in refusal
        assert "may have been accepted" in await refused(client, "submit", **HAT)
        state = await call(client, "wait", key="hat-1")
        assert "Do not submit it under another key" in state["next"]

    play(command, script)
    assert service.accepted == 1


class Person:
    """Answers questions, and remembers them."""

    def __init__(self, pay: bool) -> None:
        self.pay = pay
        self.asked: list[str] = []

    async def __call__(self, _: object, params: ElicitRequestParams) -> ElicitResult:
        self.asked.append(params.message)
        return ElicitResult(action="accept", content={"pay": self.pay})


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_without_a_budget_a_person_consents_before_anything_is_claimed(
    service: MockService, tmp_path: Path, mode: Any
) -> None:
    command = server_command(service, tmp_path)
    yes, no = Person(True), Person(False)

    async def declined(client: Client) -> None:
        assert "did not consent" in await refused(client, "submit", **HAT)
        assert (await call(client, "history"))["total"] == 0

    async def agreed(client: Client) -> None:
        await call(client, "submit", **HAT)
        await call(client, "submit", **HAT)  # nothing is sent, so nobody is asked

    play(command, declined, mode=mode, elicitation_callback=no)
    assert service.accepted == 0
    play(command, agreed, mode=mode, elicitation_callback=yes)
    assert service.accepted == 1
    [question] = yes.asked
    assert all(part in question for part in (TEXT, "$0.04", "hat-1", "a hat"))


@pytest.mark.slow
def test_a_client_that_cannot_ask_gets_an_error(service: MockService, tmp_path: Path) -> None:
    async def script(client: Client) -> str:
        return await refused(client, "submit", **HAT)

    told = play(server_command(service, tmp_path), script)
    assert "--budget" in told
    assert service.accepted == 0


@pytest.mark.slow
def test_a_reached_budget_refuses(service: MockService, tmp_path: Path) -> None:
    async def script(client: Client) -> None:
        await call(client, "submit", **HAT)
        refusal = await refused(client, "submit", **{**HAT, "key": "hat-2"})
        assert "budget" in refusal

    play(server_command(service, tmp_path, "--budget", "0.05"), script)
    play(server_command(service, tmp_path, "--budget-day", "0.05"), script_day)
    assert service.accepted == 1


async def script_day(client: Client) -> None:
    refusal = await refused(client, "submit", **{**HAT, "key": "hat-3"})
    assert "budget" in refusal or "day" in refusal


@pytest.mark.slow
def test_the_agents_own_limit_is_held(command: StdioServerParameters, service: MockService) -> None:
    async def script(client: Client) -> None:
        refusal = await refused(client, "submit", **{**HAT, "max_cost_usd": 0.01})
        assert "max_cost_usd" in refusal

    play(command, script)
    assert service.accepted == 0


@pytest.mark.slow
def test_read_only_and_allow_hold(service: MockService, tmp_path: Path) -> None:
    async def script(client: Client) -> None:
        assert "read-only" in await refused(client, "submit", **{**HAT, "model": EDIT})
        assert "allows" in await refused(client, "check", model=TEXT, inputs={})
        found = await call(client, "search_models", query="")
        assert [one["model_id"] for one in found["models"]] == [EDIT]

    play(server_command(service, tmp_path, "--read-only", "--allow", "*/edit"), script)
    assert service.accepted == 0


@pytest.mark.slow
def test_files_are_read_below_the_roots_only(service: MockService, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "in" / "cat.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "secret.png")
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "secret.png")

    async def script(client: Client) -> None:
        for name in ("secret.png", "in/../secret.png", "in/link.png", "/etc/passwd"):
            inputs = {"prompt": "x", "images": [str(tmp_path / name)]}
            assert "outside" in await refused(client, "check", model=EDIT, inputs=inputs)
        inputs = {"prompt": "x", "images": [str(tmp_path / "in" / "cat.png")]}
        assert (await call(client, "check", model=EDIT, inputs=inputs))["valid"]
        await call(client, "submit", model=EDIT, inputs=inputs, key="cat", max_cost_usd=1)

    options = ("--budget", "1", "--root", str(tmp_path / "in"))
    play(server_command(service, tmp_path, *options), script)
    assert service.jobs[0].payload["images"][0].startswith("data:image/png;base64,")


@pytest.mark.slow
def test_the_schema_is_a_resource(command: StdioServerParameters) -> None:
    async def script(client: Client) -> Any:
        return (await client.read_resource(f"schema://{EDIT}")).contents[0]

    assert "prompt" in json.loads(play(command, script).text)["properties"]
