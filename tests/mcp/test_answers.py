"""What the tools answer on the way to a result: progress, advice, files, and a preview that stays small."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcp import Client
from runcomfy.mock import MockService
from runcomfy.mock import Settings as MockSettings

from .in_process import call, play, refused, settings

TEXT = "openai/gpt-image-1-5/text-to-image"
HAT: dict[str, Any] = {
    "model": TEXT, "inputs": {"prompt": "a hat"}, "key": "hat-1", "max_cost_usd": 0.1,
}  # fmt: skip


@pytest.fixture
def real_pictures() -> Iterator[MockService]:
    with MockService(MockSettings(polls_in_queue=1, polls_running=1)) as service:
        yield service


def test_a_preview_is_small_and_no_other_base64_is_sent(
    real_pictures: MockService, tmp_path: Path
) -> None:
    async def script(client: Client) -> None:
        await call(client, "submit", **HAT)
        await call(client, "wait", key="hat-1")
        answer = await client.call_tool("result", {"key": "hat-1"})
        _, link, preview = answer.content
        [file] = answer.structured_content["files"]
        assert Path(file["path"]).stat().st_size == file["bytes"]
        assert link.uri == file["uri"]  # type: ignore[union-attr]  # the second one
        data = preview.data  # type: ignore[union-attr]  # the third one
        assert len(data) <= 64 * 1024
        assert base64.b64decode(data).startswith(b"\xff\xd8")
        assert len(answer.model_dump_json()) < len(data) + 6_000

    play(settings(real_pictures, tmp_path, budget=1.0), script)


def test_a_wait_notifies_of_its_progress(real_pictures: MockService, tmp_path: Path) -> None:
    heard: list[tuple[float, str | None]] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    async def script(client: Client) -> None:
        await call(client, "submit", **HAT)
        await client.call_tool("wait", {"key": "hat-1"}, progress_callback=listen)

    play(settings(real_pictures, tmp_path, budget=1.0), script)
    amounts = [amount for amount, _ in heard]
    assert amounts == sorted(amounts)
    assert "in_queue" in str(heard[0][1])
    assert "completed" in str(heard[-1][1])


def test_a_result_that_is_not_there_yet_says_what_to_call(
    service: MockService, tmp_path: Path
) -> None:
    async def script(client: Client) -> None:
        await call(client, "submit", **HAT)
        assert "Call wait" in await refused(client, "result", key="hat-1")

    play(settings(service, tmp_path, budget=1.0), script)


ODD = [
    "number_output", "list_output", "object_output", "bare_output", "empty_output", "missing_output", "null_output", "text_cost",
    "odd_dates", "file_elsewhere", "file_on_disk", "file_in_metadata", "hostile_url_name",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", ODD)
def test_an_odd_result_is_data_or_a_sentence(
    service: MockService, tmp_path: Path, fault: str
) -> None:
    async def script(client: Client) -> None:
        await call(client, "submit", **HAT)
        while not (await call(client, "wait", key="hat-1"))["ended"]:
            pass
        service.fault(fault, on="result", times=None)
        answer = await client.call_tool("result", {"key": "hat-1"})
        assert "root:" not in answer.model_dump_json()  # /etc/passwd
        if answer.is_error:
            words = getattr(answer.content[0], "text", "")
            assert len(words) > len("Error executing tool result: ")
            assert words.isprintable()
            return
        for file in answer.structured_content["files"]:
            assert Path(file["path"]).is_relative_to(tmp_path / "out")

    play(settings(service, tmp_path, budget=1.0), script)


@pytest.mark.parametrize("fault", ["job_fails", "job_fails_in_result"])
def test_a_job_that_failed_is_a_sentence(service: MockService, tmp_path: Path, fault: str) -> None:
    service.fault(fault, times=None)

    async def script(client: Client) -> None:
        await call(client, "submit", **HAT)
        while not (await call(client, "wait", key="hat-1"))["ended"]:
            pass
        for _ in range(2):
            assert "fail" in await refused(client, "result", key="hat-1")

    play(settings(service, tmp_path, budget=1.0), script)


def test_inputs_may_come_as_json_text(service: MockService, tmp_path: Path) -> None:
    """Some agents write the object into a string."""

    async def script(client: Client) -> None:
        text = '{"prompt": "a hat"}'
        await call(client, "submit", **{**HAT, "inputs": text, "max_cost_usd": "0.1"})
        assert "hat-1" in await refused(client, "submit", **{**HAT, "inputs": '{"prompt": "b"}'})

    play(settings(service, tmp_path, budget=1.0), script)
    assert service.jobs[0].payload == {"prompt": "a hat"}
