"""Many runs at once on one event loop: Ctrl-C, cancelled tasks, and a close while calls are under way."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import signal
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from runcomfy import AsyncClient, Client, Polling, errors
from runcomfy.mock import small_output
from runcomfy.testing import mock_service
from support.callers import OWN, TOKEN, a_request, without_aiohttp
from support.file_host import file_host
from support.scripted_server import ID, Reply, ScriptedServer, json_reply, serve

ASYNC = [kind for kind in OWN if kind != "sync"]

GATHER = """
import asyncio, sys
from runcomfy import AsyncClient, Polling
from runcomfy_models.openai import GptImage2Edit

async def main():
    request = GptImage2Edit(prompt="add a hat", images=["https://example.com/cat.png"])
    async with AsyncClient("any", base_url=sys.argv[1], polling=Polling(60, 60)) as client:
        runs = [client.run(request, on_status=lambda status: print(status.state, flush=True)) for _ in range(30)]
        await asyncio.gather(*runs)

asyncio.run(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_ctrl_c_cancels_all_thirty_runs_of_a_gather(tmp_path: Path) -> None:
    program = tmp_path / "gather.py"
    program.write_text(GATHER)
    with mock_service(make_output=small_output, polls_in_queue=1000) as service:
        running = subprocess.Popen(
            [sys.executable, program, service.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert running.stdout is not None
        for _ in range(30):
            assert running.stdout.readline().strip() == "submitted"
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
        assert [job.state for job in service.jobs] == ["cancelled"] * 30, err
    assert err.count("it was still queued and is now cancelled after") == 0
    assert "no connection" not in err


TWICE = """
import asyncio, sys
from runcomfy import AsyncClient, Polling
from runcomfy_models.openai import GptImage2Edit

async def main():
    request = GptImage2Edit(prompt="add a hat", images=["https://example.com/cat.png"])
    async with AsyncClient("any", base_url=sys.argv[1], polling=Polling(60, 60)) as client:
        await client.run(request, on_status=lambda status: print(status.state, flush=True))

asyncio.run(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_a_second_ctrl_c_on_asyncio_still_reports_the_request(tmp_path: Path) -> None:
    program = tmp_path / "twice.py"
    program.write_text(TWICE)
    with serve() as server:
        server.script(cancel=[Reply(delay=3)])
        running = subprocess.Popen(
            [sys.executable, program, server.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert running.stdout is not None
        assert running.stdout.readline().strip() == "submitted"
        running.send_signal(signal.SIGINT)
        while not server.count("cancel"):
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert f'client.job("{ID}", "openai/gpt-image-2/edit").wait()' in err


@pytest.mark.parametrize("kind", ASYNC)
def test_a_close_waits_for_the_runs_that_cancel(kind: str) -> None:
    async def main(url: str) -> None:
        client = AsyncClient(TOKEN, base_url=url, polling=Polling(60, 60))
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:

                async def one(begun: anyio.Event) -> None:
                    try:
                        await client.run(a_request(), on_status=lambda _: begun.set())
                    finally:
                        with anyio.CancelScope(shield=True):
                            await client.aclose()

                all_begun = [anyio.Event() for _ in range(5)]
                for begun in all_begun:
                    group.start_soon(one, begun)
                for begun in all_begun:
                    await begun.wait()
                scope.cancel()

    backend, _, library = kind.partition(" ")
    with mock_service(make_output=small_output, polls_in_queue=1000) as service:
        with without_aiohttp() if library else nullcontext():
            anyio.run(main, service.url, backend=backend)
        assert [job.state for job in service.jobs] == ["cancelled"] * 5


@pytest.mark.parametrize("kind", [*ASYNC, "asyncio httpx", "trio httpx2"])
def test_a_close_waits_for_runs_cancelled_just_before(kind: str) -> None:
    """They have not begun to cancel their requests, and a client of the caller's is closed right after."""
    backend, _, library = kind.partition(" ")

    async def main(url: str) -> None:
        async with anyio.create_task_group() as group, AsyncExitStack() as stack:
            http = None
            if library.startswith("httpx"):
                given = importlib.import_module(library).AsyncClient(trust_env=False)
                http = await stack.enter_async_context(given)
            client = AsyncClient(TOKEN, base_url=url, http=http, polling=Polling(60, 60))
            await stack.enter_async_context(client)
            all_begun = [anyio.Event() for _ in range(5)]
            for begun in all_begun:
                group.start_soon(
                    partial(client.run, a_request(), on_status=lambda _, told=begun: told.set())
                )
            for begun in all_begun:
                await begun.wait()
            group.cancel_scope.cancel()

    with mock_service(make_output=small_output, polls_in_queue=1000) as service:
        with without_aiohttp() if library == "spread" else nullcontext():
            anyio.run(main, service.url, backend=backend)
        assert [job.state for job in service.jobs] == ["cancelled"] * 5


def test_a_close_waits_for_a_blocking_run_that_cancels() -> None:
    import threading

    with mock_service(make_output=small_output, polls_in_queue=1000) as service:
        client = Client(TOKEN, base_url=service.url)
        closing: list[threading.Thread] = []
        was_open: list[bool] = []

        def interrupt(_: object) -> None:
            raise KeyboardInterrupt

        def close_at_cancel(asked: Any) -> None:
            if asked.action == "cancel":
                closing[0].start()
                closing[0].join(0.2)
                was_open.append(closing[0].is_alive())

        service._watch = close_at_cancel
        closing.append(threading.Thread(target=client.close))

        with pytest.raises(KeyboardInterrupt) as caught:
            client.run(a_request(), on_status=interrupt)
        closing[0].join()
        assert was_open == [True]
        assert "is now cancelled" in caught.value.__notes__[0]


@pytest.mark.parametrize("kind", ASYNC)
def test_closing_while_calls_run_raises_errors_of_ours_only(kind: str) -> None:
    seen: list[BaseException] = []

    async def main(service: ScriptedServer) -> None:
        for round_ in range(12):
            client = AsyncClient(TOKEN, base_url=service.url, polling=Polling(0.001, 0.001))

            async def one(client: AsyncClient) -> None:
                try:
                    while True:
                        await client.job(ID).status()
                except Exception as error:  # noqa: BLE001  # what it is, is what is asked
                    seen.append(error)

            async with anyio.create_task_group() as group:
                for _ in range(12):
                    group.start_soon(one, client)
                await anyio.sleep(0.02 + round_ * 0.003)  # at another moment of the calls each time
                await client.aclose()

    backend, _, library = kind.partition(" ")
    with serve() as server, without_aiohttp() if library else nullcontext():
        server.script(status=[json_reply(status="in_queue")])
        anyio.run(main, server, backend=backend)
    assert {type(error) for error in seen} == {errors.ClientClosed}


# Sockets and event loops.


def open_sockets() -> int:
    gc.collect()
    psutil: Any = importlib.import_module("psutil")  # it has no types
    return len(psutil.Process().net_connections("inet"))


@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # of loops that are closed by hand
def test_event_loops_leave_no_sockets_behind(by_hand: bool) -> None:
    def run(work: Any) -> None:
        if not by_hand:
            asyncio.run(work)
            return
        loop = asyncio.new_event_loop()
        loop.run_until_complete(work)
        loop.close()

    with file_host() as host, serve() as server:
        output = {"image": f"{host.url}/a.png"}
        server.script(result=[json_reply(status="completed", output=output)])
        clients = [AsyncClient(TOKEN, base_url=server.url, download_hosts=[host.place])]

        async def use() -> None:
            await (await clients[0].job(ID).result()).files[0].read()

        run(use())
        before = open_sockets()
        for _ in range(8):
            run(use())
        # The servers of this test are in the same process: each connection has two ends.
        assert open_sockets() <= before + 4
        with warnings.catch_warnings(action="ignore"):  # of the last loop that was closed by hand
            asyncio.run(clients.pop().aclose())
            gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # of loops that are closed by hand
def test_sockets_of_a_loop_closed_by_hand_do_not_wait_for_the_garbage_collector() -> None:
    def use_once() -> None:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(client.job(ID).status())
        loop.close()

    with serve() as server:
        server.script(status=[json_reply(status="in_queue")])
        client = AsyncClient(TOKEN, base_url=server.url)
        use_once()
        before = open_sockets()
        gc.disable()
        try:
            for _ in range(8):
                use_once()
            psutil: Any = importlib.import_module("psutil")  # it has no types
            assert len(psutil.Process().net_connections("inet")) <= before + 2
        finally:
            gc.enable()
        with warnings.catch_warnings(action="ignore"):  # of the last loop
            asyncio.run(client.aclose())
            gc.collect()


def test_loops_of_many_threads_share_a_client() -> None:
    async def several(client: AsyncClient) -> None:
        for _ in range(3):
            await client.job(ID).status()
        await client.aclose()

    with serve() as server:
        server.script(status=[json_reply(status="in_queue")])
        for _ in range(3):
            client = AsyncClient(TOKEN, base_url=server.url)
            with ThreadPoolExecutor(12) as pool:
                list(pool.map(lambda _: asyncio.run(client.job(ID).status()), range(40)))  # noqa: B023  # all end here
            asyncio.run(several(AsyncClient(TOKEN, base_url=server.url)))


@pytest.mark.parametrize("kind", ASYNC)
def test_interrupted_calls_give_every_turn_back(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)

    async def main(url: str) -> None:
        client = AsyncClient(TOKEN, base_url=url)
        for number in range(150):
            with anyio.move_on_after(number % 15 / 2000):
                await client.job(ID).status()
        calls = await client._transport._own.get()
        assert calls._limiter._inside == 0  # type: ignore[attr-defined]  # both kinds have one
        assert not calls._limiter._waiting  # type: ignore[attr-defined]  # likewise
        await client.aclose()

    backend, _, library = kind.partition(" ")
    with serve() as server, without_aiohttp() if library else nullcontext():
        server.script(status=[json_reply(status="in_queue")])
        anyio.run(main, server.url, backend=backend)


def test_interrupted_blocking_calls_give_every_turn_back() -> None:
    from runcomfy.transports import connection_limits as limits

    with serve() as server:
        server.script(status=[json_reply(status="in_queue")])
        with Client(TOKEN, base_url=server.url) as client:
            client.job(ID).status()  # imports what it needs: an import may be interrupted too
            before = signal.signal(signal.SIGALRM, signal.default_int_handler)
            try:
                for number in range(150):
                    signal.setitimer(signal.ITIMER_REAL, 0.0005 + number % 15 / 2000)
                    with suppress(KeyboardInterrupt):
                        client.job(ID).status()
                        signal.setitimer(signal.ITIMER_REAL, 0)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)
            calls = client._transport._own.get()
            for _ in range(100):  # threads whose callers have left may still be at it
                if calls._free.qsize() == limits.CONNECTIONS:  # type: ignore[attr-defined]  # it is a pool
                    break
                client.job(ID).status()
            assert calls._free.qsize() == limits.CONNECTIONS  # type: ignore[attr-defined]  # likewise
