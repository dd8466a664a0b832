"""A client's life: closing, event loops, forks, what it takes from around it, and what it shows."""

from __future__ import annotations

import gc
import json
import logging
import os
import pickle
import traceback
from contextlib import nullcontext
from typing import Any

import anyio
import httpx
import pytest

import runcomfy
from runcomfy import AsyncClient, Client, errors
from support.callers import BACKENDS, TOKEN, Caller, a_request, without_aiohttp
from support.scripted_server import ID, Reply, ScriptedServer, json_reply, serve
from support.stalls import STALL, before_the_stall_ends


def test_a_closed_client_sends_nothing(server: ScriptedServer) -> None:
    client = Client(TOKEN, base_url=server.url)
    client.close()
    with pytest.raises(errors.ClientClosed, match="nothing was sent"):
        client.submit(a_request())
    assert not server.asked


@pytest.mark.parametrize("name", ["close", "aclose"])
def test_a_closed_async_client_sends_nothing(server: ScriptedServer, name: str) -> None:
    async def main() -> None:
        client = AsyncClient(TOKEN, base_url=server.url)
        await getattr(client, name)()
        with pytest.raises(errors.ClientClosed, match="nothing was sent"):
            await client.submit(a_request())

    anyio.run(main)
    assert not server.asked


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_what_fails_before_a_submit_goes_out_does_not_count_as_sent(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at/all.pem")
    with pytest.raises(Exception, match="SSL_CERT_FILE") as caught:
        Caller(kind, "https://127.0.0.1:9").submit()
    assert "may have been" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("backend", BACKENDS)
def test_events_may_be_left_early(server: ScriptedServer, backend: str) -> None:
    async def main() -> str:
        async with AsyncClient(TOKEN, base_url=server.url) as client:
            async for status in client.job(ID).events():
                return status.state
        return ""

    assert anyio.run(main, backend=backend) == "in_queue"
    gc.collect()


@pytest.mark.parametrize("kind", [*BACKENDS, "asyncio spread"])
def test_an_async_client_that_nobody_closes_leaves_nothing_open_when_its_event_loop_ends(
    server: ScriptedServer, kind: str, recwarn: pytest.WarningsRecorder
) -> None:
    client = AsyncClient(TOKEN, base_url=server.url)

    async def main(client: AsyncClient) -> str:
        return str((await client.job(ID).status()).state)

    backend, _, library = kind.partition(" ")
    with without_aiohttp() if library else nullcontext():
        seen = [anyio.run(main, client, backend=backend) for _ in "12"]
    assert seen == ["in_queue", "in_queue"]
    del client
    gc.collect()
    assert not list(recwarn)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_opens_its_own_connections(server: ScriptedServer) -> None:
    client = Client(TOKEN, base_url=server.url)
    client.job(ID).status()
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if client.job(ID).status().state == "in_queue" else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert client.job(ID).status().state == "in_queue"
    client.close()


def test_a_client_of_the_callers_is_used_and_not_closed(server: ScriptedServer) -> None:
    asked: list[httpx.Request] = []
    with httpx.Client(
        headers={"X-Team": "hats"},
        auth=("somebody", "else"),
        follow_redirects=True,
        event_hooks={"request": [asked.append]},
    ) as http:
        with Client(TOKEN, base_url=server.url, http=http) as client:
            client.job(ID).status()
        assert not http.is_closed
    assert len(asked) == 1
    headers = server.asked[0].headers
    assert (headers["authorization"], headers["x-team"]) == (f"Bearer {TOKEN}", "hats")


def test_a_proxy_from_the_environment_does_not_get_the_token_of_a_local_service(
    caller: Caller, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert caller.on_job(ID, "status").state == "in_queue"
        assert not proxy.asked


def test_netrc_is_not_read(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with Client(TOKEN, base_url=server.url) as client:
        client.job(ID).status()
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_job_is_made_again_from_plain_data(server: ScriptedServer) -> None:
    with Client(TOKEN, base_url=server.url) as client:
        job = client.submit(a_request())
        again = client.job(**json.loads(json.dumps(job.as_dict())))
        assert again == job
        assert again.typed
        assert hash(again) == hash(job)


def test_the_token_shows_nowhere(caller: Caller, server: ScriptedServer) -> None:
    with Client(TOKEN, base_url=server.url) as client:
        shown = [
            client,
            client.job(ID),
            client._settings,
            client._settings.http_config,
            vars(client._settings),
        ]
        assert TOKEN not in "".join(map(repr, shown))
        with pytest.raises(TypeError, match="token"):
            pickle.dumps(client)


def test_the_log_has_one_line_for_each_change(
    caller: Caller, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.script(
        status=[
            json_reply(status="in_queue", queue_position=1),
            Reply(503, TOKEN.encode()),
            json_reply(status="in_queue", queue_position=1),
            json_reply(status=f"odd\n{TOKEN}"),
            json_reply(status="completed"),
        ]
    )
    with caplog.at_level(logging.INFO, "runcomfy"):
        caller.run()
    lines = [record.getMessage() for record in caplog.records if record.name == "runcomfy"]
    assert [line for line in lines if "retrying in" not in line] == [
        f"request {ID}: submitted",
        f"request {ID}: in_queue (1)",
        f"request {ID}: odd\\n[token]",
        f"request {ID}: completed",
    ]
    assert len(lines) == 5


def test_both_clients_have_the_same_methods() -> None:
    import inspect

    def public(cls: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(member).parameters)
            for name, member in vars(cls).items()
            if callable(member) and not name.startswith("_")
        }

    blocking, awaited = public(Client), public(AsyncClient)
    assert awaited.pop("aclose") == awaited["close"]
    del awaited["leave_running"]  # for the workers of engines, which are asynchronous
    assert blocking == awaited
    assert public(runcomfy.Job) == public(runcomfy.AsyncJob)
    assert (
        inspect.signature(Client).parameters.keys()
        == inspect.signature(AsyncClient).parameters.keys()
    )


def test_importing_the_client_costs_no_more_than_importing_httpx() -> None:
    """Nothing heavy is loaded: httpx and the event loop libraries wait until they are used."""
    import subprocess
    import sys

    code = "import sys; from runcomfy import Client; print([m for m in ('httpx', 'anyio', 'trio', 'asyncio') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_slow_start_of_an_answer_ends_at_the_deadline(
    caller: Caller, server: ScriptedServer
) -> None:
    server.script(status=[Reply(delay=STALL)])
    with before_the_stall_ends(), pytest.raises(errors.DeadlineExceeded):
        caller.on_job(ID, "wait", timeout=0.4)
