"""Which engine runs a batch, and what is refused before anything is sent."""

from __future__ import annotations

import builtins
import pickle
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from runcomfy import Client, ConfigurationError, JournalError, MissingExtra, MissingToken, Polling
from runcomfy.batch.known_rows import known_rows
from runcomfy.batch.rows import RowSource
from runcomfy.engines.shards import Shard, run_shard
from runcomfy.journal import Journal
from runcomfy.mock import small_output
from runcomfy.testing import mock_service
from support.raw_server import Handler, RawServer, raw_server

ID = "openai/gpt-image-1-5/text-to-image"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("RUNCOMFY_TOKEN", "very-secret")
    with Client(
        base_url="http://127.0.0.1:1", polling=Polling(0.5, 0.7), allow=("url-http",)
    ) as one:
        yield one


def test_an_engine_that_is_not_there_is_named(client: Client, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match="unknown engine 'slurm'; the engines are local, ray"
    ):
        client.batch(ID, [], out=tmp_path, engine="slurm")  # type: ignore[arg-type]  # as people try


def test_an_address_needs_a_cluster(client: Client, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="address needs engine='ray'"):
        client.batch(ID, [], out=tmp_path, address="auto")


def test_ray_client_addresses_are_refused(client: Client, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray has no wheels for this Python")
    batch = client.batch(
        ID, [{"prompt": "a hat"}], out=tmp_path / "b", engine="ray", address="ray://x:1", price=1
    )
    with pytest.raises(ConfigurationError, match="Run the command on a node"):
        list(batch)


def test_an_address_where_nothing_listens_is_reported_at_once(
    client: Client, tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="Ray has no wheels for this Python")
    batch = client.batch(
        ID, [{"prompt": "a hat"}], out=tmp_path / "b", engine="ray", address="127.0.0.1:9", price=1
    )
    with pytest.raises(ConfigurationError, match=r"no Ray cluster responds at 127\.0\.0\.1:9"):
        list(batch)


@pytest.mark.parametrize("address", [None, "auto"])
def test_a_dead_address_in_the_environment_is_reported_at_once(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str | None
) -> None:
    """Ray itself takes the variable for ``auto`` too, and would wait for it for minutes."""
    pytest.importorskip("ray", reason="Ray has no wheels for this Python")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    batch = client.batch(
        ID, [{"prompt": "a hat"}], out=tmp_path / "b", engine="ray", address=address, price=1
    )
    with pytest.raises(ConfigurationError, match=r"at 127\.0\.0\.1:9 \(RAY_ADDRESS\): .*refused"):
        list(batch)


def answer_as_a_web_server(server: RawServer, connection: socket.socket, _: int) -> None:
    connection.recv(100)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    connection.recv(100)


def say_nothing(server: RawServer, connection: socket.socket, _: int) -> None:
    while connection.recv(100):
        pass


def hang_up(server: RawServer, connection: socket.socket, _: int) -> None:
    connection.recv(100)


@pytest.mark.parametrize("listener", [answer_as_a_web_server, say_nothing, hang_up])
def test_what_listens_and_is_not_ray_is_reported(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Handler
) -> None:
    pytest.importorskip("ray", reason="Ray has no wheels for this Python")
    monkeypatch.setattr("runcomfy.ray.connecting._SECONDS", 0.5)
    with raw_server(listener) as server:
        address = server.url.removeprefix("http://")
        batch = client.batch(
            ID, [{"prompt": "a hat"}], out=tmp_path / "b", engine="ray", address=address, price=1
        )
        with pytest.raises(ConfigurationError, match=f"no Ray cluster responds at {address}: "):
            list(batch)


def test_a_missing_ray_is_reported_with_what_installs_it(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "ray":
            raise ModuleNotFoundError("No module named 'ray'", name="ray")
        return real(name, *rest, **named)

    for name in [*sys.modules]:
        # Shards need no Ray, and are pickled by the names of their classes.
        if name.startswith("runcomfy.engines.") and name != "runcomfy.engines.shards":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"Running a batch on Ray needs another library.*ray"):
        client.batch(ID, [], out=tmp_path, engine="ray")


def test_what_makes_clients_elsewhere_holds_settings_and_no_token(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = pickle.dumps(client._client_factory())
    assert b"very-secret" not in sent
    other = pickle.loads(sent).client()  # noqa: S301  # it was made above
    assert other.account == client.account
    assert other._settings.arguments() == client._settings.arguments()
    monkeypatch.setenv("RUNCOMFY_TOKEN", "another")
    with pytest.raises(ConfigurationError, match="a worker has the token of the account"):
        pickle.loads(sent).client()  # noqa: S301  # it was made above
    monkeypatch.delenv("RUNCOMFY_TOKEN")
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nonexistent")
    with pytest.raises(MissingToken):
        pickle.loads(sent).client()  # noqa: S301  # it was made above


def test_a_journal_is_opened_elsewhere_with_its_limits_and_never_made(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db", max_cost=1, submits=3) as journal:
        elsewhere = journal.opener()
        with pickle.loads(pickle.dumps(elsewhere))() as other:  # noqa: S301  # it was made above
            assert other.journal_id == journal.journal_id
            assert other._options.budget == journal._options.budget
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(JournalError, match="is not on this machine"):
        elsewhere()
    with Journal(tmp_path / "journal.db"), pytest.raises(JournalError, match="is not the journal"):
        elsewhere()


def test_a_worker_that_is_ended_leaves_its_requests_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the next execution would find a cancelled row, and ``retry_failed`` would pay for it again."""
    monkeypatch.setenv("RUNCOMFY_TOKEN", "any")
    with mock_service(queue_seconds=1000.0) as service, Client(base_url=service.url) as client:

        async def main() -> None:
            worker: Any = client._client_factory().client()
            async with worker, anyio.create_task_group() as group:
                group.start_soon(worker.run, ID, {"prompt": "a hat"})
                while not any(asked.action == "status" for asked in service.log):
                    await anyio.sleep(0.01)
                group.cancel_scope.cancel()

        anyio.run(main)
        assert service.accepted == 1
        assert not any(asked.action == "cancel" for asked in service.log)


def test_two_executions_of_a_shard_repeat_a_failed_row_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The second one decided to repeat it before the first one had done so."""
    monkeypatch.setenv("RUNCOMFY_TOKEN", "any")
    rows = [{"key": "k", "prompt": "a hat"}]
    with (
        mock_service(make_output=small_output, polls_in_queue=0, polls_running=0) as service,
        Client(base_url=service.url) as client,
    ):
        shards = client.shards(ID, out=tmp_path / "b", price=0.01, retry_failed=True)
        service.fault("job_fails", on="submit")
        assert [one.state for one in shards.run(rows)] == ["failed"]
        with shards.open_journal() as journal:
            known = known_rows(journal, client.account)
        source = RowSource(shards.model, rows, shards.options)
        shard = Shard(shards.model, shards.folder, shards.options, [*source], known)
        states = []

        async def execute() -> None:
            worker: Any = shards.client_factory.client()
            async with worker:
                with shards.open_journal() as journal:
                    await run_shard(worker, journal, shard, lambda _, one: states.append(one.state))

        for _ in range(2):
            anyio.run(execute)
    assert states == ["succeeded", "succeeded"]
    assert service.accepted == 2
