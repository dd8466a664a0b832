"""Clients with a journal: what is sent is written down before, and a key is sent once."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from runcomfy import AsyncClient, Client, Journal, Retries
from runcomfy.errors import (
    BudgetReached,
    ConfigurationError,
    ConnectionFailed,
    InsufficientBalance,
    JobCancelled,
    JobFailed,
    JournalRefused,
    KeyConflict,
    ResultExpired,
    SubmissionUnknown,
    ValidationError,
)
from runcomfy.journal import Entry
from runcomfy.mock import MockService, small_output
from runcomfy.testing import mock_service
from runcomfy_models.openai import GptImage2Edit
from support.callers import TOKEN, Caller, a_request
from support.journals import Program
from support.scripted_server import ScriptedServer, json_reply

#: trio and other libraries carry out the same flows, as other cases show.
KINDS = ["sync", "asyncio"]


def _png() -> bytes:
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.new("RGB", (800, 600)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def running() -> Iterator[MockService]:
    with mock_service(make_output=small_output) as service:
        yield service


@pytest.fixture
def service(running: MockService) -> MockService:
    """The mock, as if it had just been started."""
    running.reset()
    return running


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db", prices={"openai/gpt-image-2/edit": 0.04}) as opened:
        yield opened


@pytest.fixture(params=KINDS)
def caller(request: pytest.FixtureRequest, service: MockService, journal: Journal) -> Caller:
    return Caller(request.param, service.url, journal=journal)


def _entry(journal: Journal) -> Entry:
    (entry,) = journal.entries()
    return entry


def test_every_submit_is_written_down(
    caller: Caller, service: MockService, journal: Journal
) -> None:
    job = caller.submit()
    entry = _entry(journal)
    assert (entry.state, entry.request_id) == ("submitted", job.request_id)
    assert entry.key.startswith("run-")
    assert entry.payload == a_request().payload()
    assert (entry.estimate, journal.spend()[entry.model_id].reserved) == (0.04, 0.04)


def test_a_run_leaves_cost_and_files_in_the_journal(caller: Caller, journal: Journal) -> None:
    result = caller.run(key="hat")
    entry = _entry(journal)
    assert (entry.key, entry.state, entry.cost) == ("hat", "succeeded", result.cost)
    assert [file.kind for file in entry.files] == ["image"]
    assert entry.output is not None
    assert journal.spend()[entry.model_id].settled == result.cost


def test_the_same_key_is_not_sent_again(caller: Caller, service: MockService) -> None:
    first = caller.run(key="hat")
    second = caller.run(key="hat")
    assert second.request_id == first.request_id
    assert [file.name for file in second.files] == [file.name for file in first.files]
    assert caller.submit(key="hat").request_id == first.request_id
    assert service.accepted == 1


def test_without_a_key_each_call_is_a_request(caller: Caller, service: MockService) -> None:
    caller.run()
    caller.run()
    assert service.accepted == 2


def test_a_key_that_runs_is_waited_for(caller: Caller, service: MockService) -> None:
    job = caller.submit(key="hat")
    assert caller.run(key="hat").request_id == job.request_id
    assert service.accepted == 1


def test_another_payload_under_the_key_sends_nothing(caller: Caller, service: MockService) -> None:
    caller.submit(key="hat")
    other = GptImage2Edit(prompt="add a coat", images=["https://example.com/cat.png"])
    with pytest.raises(KeyConflict):
        caller.run(other, key="hat")
    with pytest.raises(KeyConflict):
        caller.submit("acme/other", {"prompt": "add a hat"}, key="hat")
    assert service.accepted == 1


@pytest.mark.parametrize(
    ("fault", "error"), [("job_fails", JobFailed), ("job_is_cancelled", JobCancelled)]
)
def test_a_key_that_ended_otherwise_gives_that(
    caller: Caller, service: MockService, journal: Journal, fault: str, error: type[Exception]
) -> None:
    service.fault(fault, on="submit")
    with pytest.raises(error):
        caller.run(key="hat")
    with pytest.raises(error):
        caller.run(key="hat")
    assert service.accepted == 1
    again = caller.run(key="hat", again=True)
    assert service.accepted == 2
    assert _entry(journal).request_id == again.request_id
    assert _entry(journal).attempts == 2


@pytest.mark.parametrize("fault", ["answer_lost", "reset_after_accept", "http_503"])
def test_a_lost_answer_is_unknown_and_not_sent_again(
    caller: Caller, service: MockService, journal: Journal, fault: str
) -> None:
    service.fault(fault, on="submit")
    with pytest.raises(SubmissionUnknown) as first:
        caller.run(key="hat")
    assert "journal.resolve('hat'" in "".join(first.value.__notes__)
    assert _entry(journal).state == "unknown"
    accepted = service.accepted
    with pytest.raises(SubmissionUnknown, match="'hat' was submitted between") as again:
        caller.run(key="hat")
    assert "add a hat" in str(again.value)
    with pytest.raises(SubmissionUnknown):
        caller.submit(key="hat", again=True)
    assert service.accepted == accepted


def test_a_refused_submit_frees_the_key(
    caller: Caller, service: MockService, journal: Journal
) -> None:
    service.fault("http_402", on="submit")
    with pytest.raises(InsufficientBalance):
        caller.run(key="hat")
    assert _entry(journal).state == "not_sent"
    assert journal.spend() == {}
    assert caller.run(key="hat").request_id
    assert service.accepted == 1


def test_no_connection_frees_the_key(tmp_path: Path, journal: Journal) -> None:
    client = Client(
        TOKEN, base_url="http://127.0.0.1:9", journal=journal, retries=Retries(submits=0)
    )
    with client, pytest.raises(ConnectionFailed):
        client.run(a_request(), key="hat")
    entry = _entry(journal)
    assert (entry.state, entry.error is not None) == ("not_sent", True)


def test_what_breaks_the_schema_is_not_claimed(caller: Caller, journal: Journal) -> None:
    with pytest.raises(ValidationError):
        caller.run("openai/gpt-image-2/edit", {"prompt": 1, "images": []}, key="hat")
    assert list(journal.entries()) == []


def test_a_budget_stops_before_the_submit(tmp_path: Path, service: MockService) -> None:
    prices = {"openai/gpt-image-2/edit": 0.04}
    with (
        Journal(tmp_path / "j.db", max_cost=0.05, prices=prices) as journal,
        service.client(journal=journal) as client,
    ):
        client.submit(a_request())
        with pytest.raises(BudgetReached, match="nothing was sent"):
            client.submit(a_request())
    assert service.accepted == 1


def test_a_budget_without_a_price_stops_before_the_submit(
    tmp_path: Path, service: MockService
) -> None:
    with (
        Journal(tmp_path / "j.db", max_cost=5) as journal,
        service.client(journal=journal) as client,
        pytest.raises(BudgetReached, match="the price of"),
    ):
        client.submit(a_request())
    assert service.accepted == 0


def test_local_files_count_by_content_and_are_uploaded_once(
    caller: Caller, service: MockService, journal: Journal, tmp_path: Path
) -> None:
    picture = tmp_path / "cat.png"
    picture.write_bytes(_png())
    request = GptImage2Edit(prompt="add a hat", images=[picture])
    first = caller.run(request, key="hat")
    picture.rename(tmp_path / "moved.png")
    again = GptImage2Edit(prompt="add a hat", images=[(tmp_path / "moved.png").read_bytes()])
    assert caller.run(again, key="hat").request_id == first.request_id
    payload = _entry(journal).payload
    assert payload is not None
    assert payload["images"][0]["file"] == "cat.png"
    (tmp_path / "moved.png").write_bytes(_png() + b"changed")
    with pytest.raises(KeyConflict):
        caller.run(GptImage2Edit(prompt="add a hat", images=[tmp_path / "moved.png"]), key="hat")
    assert service.accepted == 1


def test_a_key_that_exists_uploads_nothing(
    service: MockService, journal: Journal, tmp_path: Path
) -> None:
    uploads: list[str] = []

    def upload(file: Any) -> str:
        uploads.append(file.name)
        return "https://example.com/cat.png"

    (tmp_path / "cat.png").write_bytes(_png())
    request = GptImage2Edit(prompt="add a hat", images=[tmp_path / "cat.png"])
    with service.client(journal=journal, uploader=upload) as client:
        client.run(request, key="hat")
        client.run(request, key="hat")
    assert uploads == ["cat.png"]


def test_saved_files_are_in_the_journal(caller: Caller, journal: Journal, tmp_path: Path) -> None:
    async def save_async(client: AsyncClient) -> list[Path]:
        return await (await client.run(a_request(), key="hat")).save(tmp_path / "out")

    def save(client: Client) -> list[Path]:
        return client.run(a_request(), key="hat").save(tmp_path / "out")

    paths = caller.call(save if caller.kind == "sync" else save_async)
    assert [file.path for file in _entry(journal).files] == paths
    assert _entry(journal).saved


def test_recover_finishes_what_another_process_left(
    caller: Caller, service: MockService, journal: Journal, tmp_path: Path
) -> None:
    caller.submit(key="hat", folder=tmp_path / "out")

    async def recover_async(client: AsyncClient) -> Any:
        return await journal.recover_async(client)

    recovery = caller.call(journal.recover if caller.kind == "sync" else recover_async)
    assert [entry.state for entry in recovery.finished] == ["succeeded"]
    (saved,) = _entry(journal).files
    assert saved.path is not None
    assert saved.path.parent == tmp_path / "out"
    assert saved.path.read_bytes()
    assert service.accepted == 1


def test_a_lost_request_that_is_found_is_resolved(service: MockService, journal: Journal) -> None:
    service.fault("answer_lost", on="submit")
    with service.client(journal=journal) as client:
        with pytest.raises(SubmissionUnknown):
            client.run(a_request(), key="hat")
        (lost,) = service.jobs
        other = client.submit(a_request())
        with pytest.raises(ConfigurationError, match="belongs to the key"):
            journal.resolve("hat", request_id=other.request_id, client=client)
        journal.resolve("hat", request_id=lost.request_id, client=client)
        assert client.run(a_request(), key="hat").request_id == lost.request_id
    assert service.accepted == 2


def test_a_result_that_is_gone_is_reported_and_not_paid_again(
    caller: Caller, service: MockService, journal: Journal
) -> None:
    caller.run(key="hat")
    service.reset()
    with pytest.raises(ResultExpired, match="again=True"):
        caller.run(key="hat")
    assert _entry(journal).state == "expired"
    with pytest.raises(ResultExpired):
        caller.run(key="hat")
    assert service.accepted == 0


def test_a_saved_result_outlives_the_service(
    service: MockService, journal: Journal, tmp_path: Path
) -> None:
    with service.client(journal=journal, retries=Retries(visible_after=0)) as client:
        first = client.run(a_request(), key="hat")
        first.save(tmp_path / "out")
        service.reset()
        second = client.run(a_request(), key="hat")
    assert (second.request_id, second.cost) == (first.request_id, first.cost)
    assert _entry(journal).state == "succeeded"


def test_a_callback_that_raises_leaves_the_request_submitted(
    service: MockService, journal: Journal
) -> None:
    def stop(_: object) -> None:
        raise ZeroDivisionError

    with service.client(journal=journal) as client:
        with pytest.raises(ZeroDivisionError):
            client.run(a_request(), key="hat", on_status=stop)
        assert _entry(journal).state == "submitted"
        assert client.run(a_request(), key="hat").request_id
    assert service.accepted == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_task_never_loses_its_request(
    service: MockService, journal: Journal, backend: str
) -> None:
    async def main() -> None:
        async with service.async_client(journal=journal) as client:
            for number in range(12):
                with anyio.move_on_after(0.004 * number):
                    await client.run(a_request(), key=f"k{number}")

    anyio.run(main, backend=backend)
    known = {entry.request_id for entry in journal.entries() if entry.state != "unknown"}
    lost = [one.request_id for one in service.jobs if one.request_id not in known]
    assert len(lost) <= len(list(journal.entries(state="unknown")))


def test_threads_under_one_key_send_it_once(service: MockService, journal: Journal) -> None:
    ids: list[str] = []

    def run() -> None:
        ids.append(client.run(a_request(), key="hat").request_id)

    with service.client(journal=journal) as client:
        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == service.accepted == 1


def test_two_processes_under_one_key_send_it_once(service: MockService, tmp_path: Path) -> None:
    code = f"""
    from runcomfy import Client, Polling
    from support.callers import a_request
    with Client({TOKEN!r}, base_url={service.url!r}, journal=path, polling=Polling(0.01, 0.02)) as client:
        tell("ready")
        stay()
        tell(client.run(a_request(), key="hat").request_id)
    """
    programs = [Program(code, tmp_path) for _ in range(3)]
    for one in programs:
        one.hear("ready")
    for one in programs:
        one.go_on()
    assert len({one.end() for one in programs}) == service.accepted == 1


def test_a_request_id_given_twice_is_unknown(
    caller: Caller, server: ScriptedServer, journal: Journal
) -> None:
    server.script(submit=[json_reply(request_id="r1")])
    twice = Caller(caller.kind, server.url, journal=journal)
    assert twice.submit(key="hat").request_id == "r1"
    with pytest.raises(SubmissionUnknown, match="'hat' already has"):
        twice.submit(key="coat")
    assert [entry.state for entry in journal.entries()] == ["submitted", "unknown"]


def test_the_token_is_nowhere_in_the_journal(
    caller: Caller, service: MockService, journal: Journal, tmp_path: Path
) -> None:
    request = GptImage2Edit(prompt=f"my token is {TOKEN}", images=["https://example.com/c.png"])
    caller.run(request, key="hat")
    for file in tmp_path.iterdir():
        assert TOKEN.encode() not in file.read_bytes(), file


def test_a_journal_by_path_is_closed_with_the_client(service: MockService, tmp_path: Path) -> None:
    with service.client(journal=tmp_path / "own.db") as client:
        journal = client.journal
        assert journal is not None
        client.submit(a_request())
    with pytest.raises(Exception, match="is closed"):
        journal.entry("hat")


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_may_take_another_journal(
    service: MockService, journal: Journal, tmp_path: Path, kind: str
) -> None:
    async def both_async(client: AsyncClient) -> None:
        async with client.with_journal(tmp_path / "batch.db") as other:
            assert other.journal is not journal
            await (await other.run(a_request(), key="row")).save(tmp_path / "out")
        await client.run(a_request(), key="hat")

    def both(client: Client) -> None:
        with client.with_journal(tmp_path / "batch.db") as other:
            assert other.journal is not journal
            other.run(a_request(), key="row").save(tmp_path / "out")
        client.run(a_request(), key="hat")

    Caller(kind, service.url, journal=journal).call(both if kind == "sync" else both_async)
    assert [entry.key for entry in journal.entries()] == ["hat"]
    with Journal(tmp_path / "batch.db") as batch:
        assert [(entry.key, entry.saved) for entry in batch.entries()] == [("row", True)]


def test_a_journal_that_is_refused_stops_the_client(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database" * 100)
    with pytest.raises(JournalRefused):
        Client(TOKEN, journal=tmp_path / "journal.db")


@pytest.mark.parametrize("option", [{"key": "hat"}, {"again": True}, {"folder": "out"}])
def test_a_key_without_a_journal_is_refused(service: MockService, option: dict[str, Any]) -> None:
    for kind in ("sync", "asyncio"):
        caller = Caller(kind, service.url)
        with pytest.raises(ConfigurationError, match="need a client with a journal"):
            caller.run(**option)
        with pytest.raises(ConfigurationError, match="need a client with a journal"):
            caller.submit(**option)
    assert service.accepted == 0


def test_a_result_of_a_journalled_client_can_be_pickled(
    service: MockService, journal: Journal, tmp_path: Path
) -> None:
    with service.client(journal=journal) as client:
        result = pickle.loads(pickle.dumps(client.run(a_request())))  # noqa: S301  # made on the line
        assert result.save(tmp_path / "copy")


def test_keys_of_two_accounts_are_two(service: MockService, journal: Journal) -> None:
    for token in ("token-one", "token-two"):
        with Client(token, base_url=service.url, journal=journal) as client:
            client.submit(a_request(), key="hat")
    assert service.accepted == 2
