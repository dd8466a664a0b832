"""What an agent that means ill, or does not look, can spend: nothing that no budget covers and no person agreed to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from mcp import Client
from runcomfy.mock import MockService

from .in_process import Person, call, play, refused, settings

TEXT = "openai/gpt-image-1-5/text-to-image"
HAT: dict[str, Any] = {
    "model": TEXT, "inputs": {"prompt": "a hat"}, "key": "hat-1", "max_cost_usd": 0.1,
}  # fmt: skip


def test_calls_at_once_do_not_pass_the_budget(service: MockService, tmp_path: Path) -> None:
    """Room for two: ten submits at the same moment lead to two."""

    async def script(client: Client) -> None:
        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(client.call_tool, "submit", {**HAT, "key": f"hat-{number}"})

    play(settings(service, tmp_path, budget=0.09), script)
    assert service.accepted == 2


def test_a_key_that_was_not_sent_needs_consent_like_a_new_one(
    service: MockService, tmp_path: Path
) -> None:
    no = Person(pay=False)

    async def refused_by_the_service(client: Client) -> None:
        service.fault("error_200_400002", on="submit")
        await refused(client, "submit", **HAT)

    async def again(client: Client) -> str:
        return await refused(client, "submit", **HAT)

    play(settings(service, tmp_path, budget=1.0), refused_by_the_service)
    told = play(settings(service, tmp_path), again, elicitation_callback=no)
    assert "did not consent" in told
    assert (len(no.asked), service.accepted) == (1, 0)


def test_what_is_not_sent_gives_its_budget_back(service: MockService, tmp_path: Path) -> None:
    async def script(client: Client) -> None:
        service.fault("error_200_400002", on="submit")
        await refused(client, "submit", **HAT)
        await call(client, "submit", **{**HAT, "key": "hat-2"})

    play(settings(service, tmp_path, budget=0.05), script)
    assert service.accepted == 1


@pytest.mark.parametrize("limit", [0.01, -1, "nan", "inf", 1e-9], ids=str)
def test_a_max_cost_that_lies_or_is_too_low_sends_nothing(
    service: MockService, tmp_path: Path, limit: Any
) -> None:
    async def script(client: Client) -> None:
        assert "max_cost_usd" in await refused(client, "submit", **{**HAT, "max_cost_usd": limit})

    play(settings(service, tmp_path, budget=1.0), script)
    assert service.accepted == 0


def test_a_large_max_cost_is_no_consent(service: MockService, tmp_path: Path) -> None:
    async def script(client: Client) -> None:
        assert "consent" in await refused(client, "submit", **{**HAT, "max_cost_usd": 1e6})

    play(settings(service, tmp_path), script)
    assert service.accepted == 0


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize("limits", [{"budget": 1.0}, {"budget_day": 1.0}], ids=str)
def test_an_unknown_price_needs_a_person_in_spite_of_a_budget(
    tmp_path: Path, limits: dict[str, float], mode: Any
) -> None:
    from runcomfy.mock import Settings as MockSettings

    unpriced = [{"model_id": TEXT}]
    yes, no = Person(), Person(pay=False)

    async def declined(client: Client) -> None:
        assert "did not consent" in await refused(client, "submit", **HAT)

    async def agreed(client: Client) -> None:
        await call(client, "submit", **HAT)

    with MockService(MockSettings(catalogue=unpriced)) as service:
        chosen = settings(service, tmp_path, **limits)
        play(chosen, declined, elicitation_callback=no, mode=mode)
        assert service.accepted == 0
        play(chosen, agreed, elicitation_callback=yes, mode=mode)
        assert service.accepted == 1
    assert "unknown price" in yes.asked[0]


def test_the_day_counts_what_others_spent(service: MockService, tmp_path: Path) -> None:
    """Another program with the same journal has spent most of the day's budget."""

    async def script(client: Client) -> None:
        await call(client, "submit", **HAT)

    async def reached(client: Client) -> None:
        assert "day" in await refused(client, "submit", **{**HAT, "key": "hat-2"})

    play(settings(service, tmp_path, budget=1.0), script)
    play(settings(service, tmp_path, budget_day=0.05), reached)
    assert service.accepted == 1


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_consent_is_for_all_of_the_inputs(service: MockService, tmp_path: Path, mode: Any) -> None:
    """Two inputs that differ behind what is shown of them are two questions."""
    yes = Person()
    prompt = "x" * 2_000

    async def script(client: Client) -> None:
        for key, end in (("a", "cat"), ("b", "dog")):
            inputs = {"prompt": prompt + end}
            await call(client, "submit", **{**HAT, "key": key, "inputs": inputs})

    play(settings(service, tmp_path), script, elicitation_callback=yes, mode=mode)
    questions = {asked.partition("Inputs:")[2] for asked in yes.asked}
    assert len(questions) == 2


def test_a_key_is_not_reused_for_other_inputs_or_models(
    service: MockService, tmp_path: Path
) -> None:
    async def script(client: Client) -> None:
        await call(client, "submit", **HAT)
        picture = {"prompt": "a hat", "images": ["https://example.com/a.png"]}
        other = {"model": "openai/gpt-image-2/edit", "inputs": picture}
        for change in ({"inputs": {"prompt": "b"}}, other):
            assert "hat-1" in await refused(client, "submit", **{**HAT, **change})

    play(settings(service, tmp_path, budget=1.0), script)
    assert service.accepted == 1


@pytest.mark.parametrize("key", ["", " \n", "a\0b", "x" * 201, "a\u202eb", "\ud800"], ids=repr)
def test_a_key_that_cannot_be_meant_is_refused(
    service: MockService, tmp_path: Path, key: str
) -> None:
    async def script(client: Client) -> None:
        answer = await client.call_tool("submit", {**HAT, "key": key})
        assert answer.is_error

    try:
        play(settings(service, tmp_path, budget=1.0), script)
    except (UnicodeError, ValueError):
        assert key == "\ud800"  # JSON in UTF-8 cannot carry it
    assert service.accepted == 0


def test_read_only_pays_and_cancels_nothing(service: MockService, tmp_path: Path) -> None:
    async def submit(client: Client) -> None:
        await call(client, "submit", **HAT)

    async def script(client: Client) -> None:
        assert "read-only" in await refused(client, "submit", **{**HAT, "key": "b"})
        assert "read-only" in await refused(client, "submit", **HAT)
        assert "read-only" in await refused(client, "cancel", key="hat-1")
        assert (await call(client, "history"))["total"] == 1

    play(settings(service, tmp_path, budget=1.0), submit)
    play(settings(service, tmp_path, budget=1.0, read_only=True), script)
    assert service.accepted == 1


def test_other_models_jobs_are_out_of_reach(service: MockService, tmp_path: Path) -> None:
    async def submit(client: Client) -> None:
        await call(client, "submit", **HAT)

    async def script(client: Client) -> None:
        for tool in ("wait", "result", "cancel"):
            assert "allows" in await refused(client, tool, key="hat-1")
        assert (await call(client, "history"))["total"] == 0

    play(settings(service, tmp_path, budget=1.0), submit)
    play(settings(service, tmp_path, budget=1.0, allow=("*/edit",)), script)


@pytest.mark.parametrize("place", ["at RunComfy", "on a local mock, where nothing is billed"])
def test_the_question_names_where_the_request_runs(
    place: str, service: MockService, tmp_path: Path
) -> None:
    yes = Person()

    async def script(client: Client) -> None:
        await call(client, "submit", **HAT)

    play(settings(service, tmp_path, place=place), script, elicitation_callback=yes)
    assert f"{place}, under the key" in yes.asked[0]
