"""Interruptions: what is left behind is cancelled where it can be, and said."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest

import runcomfy
from runcomfy import AsyncClient, Client, Polling, errors
from runcomfy.drivers.async_driver import AsyncDriver
from runcomfy.protocol.steps import Flow, StatusReport
from support.callers import BACKENDS, TOKEN, Caller, a_request
from support.scripted_server import ID, Reply, ScriptedServer, json_reply


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
    (json_reply(outcome="cancelled"), "is now cancelled"),
    (
        json_reply(outcome="not_cancellable"),
        "'not_cancellable', so the job may continue and be billed",
    ),
    (Reply(500), "the cancel request failed"),
    (Reply(fault="reset"), "the cancel request failed"),
]


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_a_request_that_has_ended_is_neither_cancelled_nor_said_to_continue(
    caller: Caller, server: ScriptedServer, state: str
) -> None:
    def press(status: runcomfy.Status) -> None:
        if status.state == state:
            raise KeyboardInterrupt

    server.script(status=[json_reply(status=state)])
    with pytest.raises(KeyboardInterrupt) as caught:
        caller.run(on_status=press)
    assert caught.value.__notes__ == [f"RunComfy request id {ID}: To see its outcome: {RESUME}"]
    assert server.count("cancel") == 0


@pytest.mark.parametrize(("reply", "message"), OUTCOMES)
def test_ctrl_c_cancels_once_and_says_what_happened(
    server: ScriptedServer, ctrl_c: Callable[[str], None], reply: Reply, message: str
) -> None:
    server.script(cancel=[reply])
    ctrl_c("status")
    with pytest.raises(KeyboardInterrupt) as caught:
        Caller("sync", server.url).run()
    notes = "\n".join(caught.value.__notes__)
    # Where the job may go on, the line that waits for it is there.
    assert (RESUME in notes) is ("is now cancelled" not in message)
    assert message in notes
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
    assert "is now cancelled" in caplog.text


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


def test_ctrl_c_while_following_events_says_how_to_continue(
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
def test_a_cancelled_task_that_follows_events_says_how_to_continue(
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

    assert "is now cancelled" in "\n".join(asyncio.run(main()))
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


def test_an_interrupted_run_reports_one_story(caller: Caller, server: ScriptedServer) -> None:
    def interrupt(_: runcomfy.Status) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        caller.run(on_status=interrupt)
    assert caught.value.__notes__ == [
        f"RunComfy request id {ID}: it was still queued and is now cancelled"
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
def test_an_error_while_cancelling_is_noted_on_the_interruption(
    server: ScriptedServer, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        interrupted_twice(kind, server.url, RuntimeError)
    assert caught.value.__notes__ == [
        f"RunComfy request id {ID}: the cancel request failed, so the job may continue: the connection was lost before the "
        f"response was complete (RuntimeError: [token]). To wait for it: {RESUME}"
    ]
    assert RESUME in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("kind", ["sync", *BACKENDS])
def test_a_second_interruption_is_raised_and_carries_the_request_too(
    server: ScriptedServer, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SystemExit) as caught:
        interrupted_twice(kind, server.url, SystemExit)
    told = (
        f"RunComfy request id {ID}: it is unknown whether the job was cancelled; it may continue and be "
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


def test_a_coroutine_that_is_closed_waits_for_nothing_and_reports_the_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Waits:
        def __await__(self) -> Iterator[None]:
            yield

    def reports() -> Flow[None]:
        yield StatusReport(ID, runcomfy.Status.from_answer({}, "in_queue"))

    async def main() -> None:
        client = AsyncClient(TOKEN)
        driver = AsyncDriver(client._transport, client._settings.redact)
        run = driver.run(reports(), on_status=lambda _: Waits(), rescue=client._settings.rescue)
        run.send(None)
        run.close()

    anyio.run(main)
    assert f'client.job("{ID}").wait()' in caplog.text
