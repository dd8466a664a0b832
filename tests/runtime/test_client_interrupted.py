"""Interruptions, closing, and a client's life: what is left behind is said."""

from __future__ import annotations

import gc
import json
import logging
import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import anyio
import httpx
import pytest

import runcomfy
from client_callers import BACKENDS, KINDS, TOKEN, Caller, a_request, without_aiohttp
from runcomfy import AsyncClient, Client, Polling, errors
from runcomfy.drivers.asynchronous import AsyncDriver
from runcomfy.protocol.messages import Flow, Report
from scripted_server import ID, Reply, ScriptedServer, json_reply, serve


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve() as scripted:
        scripted.script(status=[json_reply(status="in_queue")])
        yield scripted


@pytest.fixture(params=KINDS)
def caller(request: pytest.FixtureRequest, server: ScriptedServer) -> Caller:
    return Caller(request.param, server.url)


@pytest.fixture
def ctrl_c(server: ScriptedServer) -> Iterator[Callable[[str], None]]:
    """A person at the keyboard, who presses it when the server has been asked for something."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    over = threading.Event()

    def wait(action: str) -> None:
        while not server.count(action) and not over.wait(0.01):
            pass
        if not over.wait(0.2):
            os.kill(os.getpid(), signal.SIGINT)

    threads: list[threading.Thread] = []

    def press(action: str) -> None:
        threads.append(threading.Thread(target=wait, args=[action]))
        threads[-1].start()

    yield press
    over.set()
    for thread in threads:
        thread.join()
    signal.signal(signal.SIGINT, before)


#: The line that waits for a request whose model is known.
RESUME = f'client.job("{ID}", "openai/gpt-image-2/edit").wait()'

OUTCOMES = [
    (json_reply(outcome="cancelled"), "is cancelled now"),
    (json_reply(outcome="not_cancellable"), "'not_cancellable', so it may go on and be billed"),
    (Reply(500), "could not ask to cancel it"),
    (Reply(fault="reset"), "could not ask to cancel it"),
]


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_a_request_that_has_ended_is_neither_cancelled_nor_said_to_go_on(
    caller: Caller, server: ScriptedServer, state: str
) -> None:
    def press(status: runcomfy.Status) -> None:
        if status.state == state:
            raise KeyboardInterrupt

    server.script(status=[json_reply(status=state)])
    with pytest.raises(KeyboardInterrupt) as caught:
        caller.run(on_status=press)
    assert caught.value.__notes__ == [f"RunComfy request id {ID}: To see what came of it: {RESUME}"]
    assert server.count("cancel") == 0


@pytest.mark.parametrize(("reply", "told"), OUTCOMES)
def test_ctrl_c_cancels_once_and_says_what_happened(
    server: ScriptedServer, ctrl_c: Callable[[str], None], reply: Reply, told: str
) -> None:
    server.script(cancel=[reply])
    ctrl_c("status")
    with pytest.raises(KeyboardInterrupt) as caught:
        Caller("sync", server.url).run()
    notes = "\n".join(caught.value.__notes__)
    # Where the job may go on, the line that waits for it is there.
    assert (RESUME in notes) is ("is cancelled now" not in told)
    assert told in notes
    assert TOKEN not in notes
    assert (server.count("submit"), server.count("cancel")) == (1, 1)


@pytest.mark.parametrize("kind", BACKENDS)
def test_ctrl_c_under_an_event_loop_cancels_once(
    server: ScriptedServer,
    ctrl_c: Callable[[str], None],
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ctrl_c("status")
    with pytest.raises(BaseException) as caught:  # trio may wrap it in a group
        Caller(kind, server.url).run()
    assert isinstance(caught.value, KeyboardInterrupt) or caught.group_contains(KeyboardInterrupt)
    assert server.count("cancel") == 1
    assert "is cancelled now" in caplog.text


def test_ctrl_c_during_the_submit_says_that_it_may_be_billed(
    server: ScriptedServer, ctrl_c: Callable[[str], None]
) -> None:
    server.script(submit=[Reply(delay=1.5, accepts=True)])
    ctrl_c("submit")
    with pytest.raises(KeyboardInterrupt) as caught:
        Caller("sync", server.url).run()
    assert "may have been accepted" in "\n".join(caught.value.__notes__)
    assert server.count("cancel") == 0


def test_ctrl_c_while_waiting_for_a_job_leaves_it_alone(
    server: ScriptedServer, ctrl_c: Callable[[str], None]
) -> None:
    ctrl_c("status")
    with pytest.raises(KeyboardInterrupt) as caught:
        Caller("sync", server.url).on_job(ID, "wait")
    assert ID in "\n".join(caught.value.__notes__)
    assert server.count("cancel") == 0


def test_ctrl_c_while_following_events_says_how_to_go_on(
    server: ScriptedServer, ctrl_c: Callable[[str], None]
) -> None:
    ctrl_c("status")
    with Client(TOKEN, base_url=server.url) as client, pytest.raises(KeyboardInterrupt) as caught:
        list(client.job(ID).events())
    assert f'client.job("{ID}").wait()' in "\n".join(caught.value.__notes__)


def test_leaving_the_events_early_is_no_interruption(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    with Client(TOKEN, base_url=server.url) as client:
        events = client.job(ID).events()
        assert next(events).state == "in_queue"
        events.close()  # type: ignore[attr-defined]  # it is a generator
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_cancelled_task_that_follows_events_says_how_to_go_on(
    server: ScriptedServer, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with AsyncClient(TOKEN, base_url=server.url) as client:
            with anyio.move_on_after(0.3):
                async for status in client.job(ID).events():
                    assert status.state == "in_queue"

    anyio.run(main, backend=kind)
    assert f'client.job("{ID}").wait()' in caplog.text
    assert server.count("cancel") == 0


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_cancelled_task_cancels_its_request(server: ScriptedServer, kind: str) -> None:
    async def main() -> None:
        async with AsyncClient(TOKEN, base_url=server.url) as client:
            with anyio.move_on_after(0.4) as scope:
                await client.run(a_request())
            assert scope.cancelled_caught

    anyio.run(main, backend=kind)
    assert (server.count("submit"), server.count("cancel")) == (1, 1)


def test_a_cancelled_asyncio_task_cancels_its_request(server: ScriptedServer) -> None:
    import asyncio

    async def main() -> list[str]:
        async with AsyncClient(TOKEN, base_url=server.url) as client:
            task = asyncio.ensure_future(client.run(a_request()))
            await asyncio.sleep(0.4)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            return caught.value.__notes__

    assert "is cancelled now" in "\n".join(asyncio.run(main()))
    assert server.count("cancel") == 1


def test_a_callback_that_fails_leaves_the_job_and_its_id(caller: Caller) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        caller.run(on_status=fail)
    assert RESUME in "\n".join(caught.value.__notes__)


def test_a_callback_may_be_awaited(server: ScriptedServer) -> None:
    server.script(status=[json_reply(status="completed")])
    seen: list[str] = []

    async def note(status: runcomfy.Status) -> None:
        await anyio.sleep(0)
        seen.append(status.state)

    Caller("asyncio", server.url).run(on_status=note)
    assert seen == ["submitted", "completed"]


@pytest.mark.parametrize("kind", ["sync", *BACKENDS])
def test_closing_ends_the_calls_that_wait_and_their_pauses(
    server: ScriptedServer, kind: str
) -> None:
    settings: dict[str, Any] = {"base_url": server.url, "polling": Polling(60, 60)}

    def blocking() -> None:
        client = Client(TOKEN, **settings)
        threading.Timer(0.3, client.close).start()
        client.run(a_request())

    async def waiting() -> None:
        client = AsyncClient(TOKEN, **settings)

        async def close() -> None:
            await anyio.sleep(0.3)
            await client.aclose()

        async with anyio.create_task_group() as group:
            group.start_soon(close)
            try:
                await client.run(a_request())
            except errors.ClientClosed as closed:
                caught.append(closed)

    caught: list[errors.ClientClosed] = []
    if kind == "sync":
        with pytest.raises(errors.ClientClosed) as raised:
            blocking()
        caught.append(raised.value)
    else:
        anyio.run(waiting, backend=kind)
    assert caught[0].request_id == ID
    assert caught[0].resume == RESUME
    assert RESUME in str(caught[0])
    assert server.count("submit") == 1


def test_an_interrupted_run_tells_one_story(caller: Caller, server: ScriptedServer) -> None:
    def interrupt(_: runcomfy.Status) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        caller.run(on_status=interrupt)
    assert caught.value.__notes__ == [
        f"RunComfy request id {ID}: it was still in the queue and is cancelled now"
    ]


def interrupted_twice(kind: str, url: str, again: type[BaseException]) -> None:
    """Interrupt a run, and have a hook of the caller's client raise when the cancel is sent."""

    def interrupt(_: runcomfy.Status) -> None:
        raise KeyboardInterrupt

    def hook(request: httpx.Request) -> None:
        if request.url.path.endswith("/cancel"):
            raise again(TOKEN)

    async def async_hook(request: httpx.Request) -> None:
        hook(request)

    async def main() -> None:
        async with (
            httpx.AsyncClient(event_hooks={"request": [async_hook]}, trust_env=False) as http,
            AsyncClient(TOKEN, base_url=url, http=http) as client,
        ):
            await client.run(a_request(), on_status=interrupt)

    if kind == "sync":
        with (
            httpx.Client(event_hooks={"request": [hook]}, trust_env=False) as http,
            Client(TOKEN, base_url=url, http=http) as client,
        ):
            client.run(a_request(), on_status=interrupt)
    else:
        anyio.run(main, backend=kind)


@pytest.mark.parametrize("kind", ["sync", *BACKENDS])
def test_an_error_while_cancelling_is_told_and_does_not_stand_in_for_the_interruption(
    server: ScriptedServer, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        interrupted_twice(kind, server.url, RuntimeError)
    assert caught.value.__notes__ == [
        f"RunComfy request id {ID}: it is not known whether it could be cancelled (RuntimeError: [token]), "
        f"so it may go on and be billed. To wait for it: {RESUME}"
    ]
    assert RESUME in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("kind", ["sync", *BACKENDS])
def test_a_second_interruption_is_raised_and_carries_the_request_as_well(
    server: ScriptedServer, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SystemExit) as caught:
        interrupted_twice(kind, server.url, SystemExit)
    told = (
        f"RunComfy request id {ID}: it is not known whether it could be cancelled, so it may go on and be "
        f"billed. To wait for it: {RESUME}"
    )
    assert caught.value.__notes__ == [told]
    assert RESUME in caplog.text
    first = caught.value.__context__
    assert isinstance(first, KeyboardInterrupt)
    assert first.__notes__ == [told]


def test_a_task_that_is_cancelled_again_while_it_cancels_carries_the_request(
    server: ScriptedServer,
) -> None:
    import asyncio

    server.script(cancel=[Reply(delay=1)])

    async def main() -> list[str]:
        async with AsyncClient(TOKEN, base_url=server.url) as client:
            task = asyncio.ensure_future(client.run(a_request()))
            await asyncio.sleep(0.4)
            task.cancel()
            while not server.count("cancel"):
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            return caught.value.__notes__

    assert RESUME in "\n".join(asyncio.run(main()))


def test_a_coroutine_that_is_closed_waits_for_nothing_and_tells_the_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Waits:
        def __await__(self) -> Iterator[None]:
            yield

    def reports() -> Flow[None]:
        yield Report(ID, runcomfy.Status.from_answer({}, "in_queue"))

    core = AsyncClient(TOKEN)._core
    run = AsyncDriver(core.wire, None).run(
        reports(), on_status=lambda _: Waits(), rescue=core.rescue
    )
    run.send(None)
    run.close()
    assert f'client.job("{ID}").wait()' in caplog.text


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
        shown = [client, client.job(ID), client._core, client._core.wire, vars(client._core)]
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
    assert [line for line in lines if "again in" not in line] == [
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
    server.script(status=[Reply(delay=2)])
    start = time.monotonic()
    with pytest.raises(errors.DeadlineExceeded):
        caller.on_job(ID, "wait", timeout=0.4)
    assert time.monotonic() - start < 1.2
