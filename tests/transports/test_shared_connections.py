"""Many calls on one client: how its connections are shared, given back and closed."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import anyio
import pytest

from runcomfy import Client, errors
from runcomfy.transports import call_limiter, connection_limits
from support.callers import OWN, Caller, a_request
from support.raw_server import RawServer, answer_all, hang, json_answer, raw_server
from support.stalls import before_the_stall_ends

ID = "req-1"


def submit(client: Any) -> Any:
    return client.submit(a_request(), timeout=5)


def many(kind: str, url: str, count: int) -> list[Any]:
    """That many submits at once over one client."""

    def blocking(client: Client) -> list[Any]:
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: submit(client).request_id, range(count)))

    async def awaited(client: Any) -> list[Any]:
        found: list[Any] = []

        async def one() -> None:
            found.append((await submit(client)).request_id)

        async with anyio.create_task_group() as group:
            for _ in range(count):
                group.start_soon(one)
        return found

    caller = Caller(kind, url)
    found: list[Any] = caller.call(blocking if caller.kind == "sync" else awaited)
    return found


@pytest.mark.parametrize("kind", OWN)
def test_calls_beyond_the_number_of_connections_wait(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "CONNECTIONS", 3)
    with raw_server(partial(answer_all, delay=0.02)) as server:
        assert many(kind, server.url, 12) == [ID] * 12
        assert server.submits() == 12
        assert server.most_at_once <= 3


@pytest.mark.parametrize("kind", OWN)
def test_a_submit_that_got_no_connection_was_not_sent(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "CONNECTIONS", 1)
    outcomes: list[type] = []

    def blocking(client: Client) -> None:
        def one(timeout: float) -> None:
            try:
                client.submit(a_request(), timeout=timeout)
            except errors.RunComfyError as error:
                outcomes.append(type(error))

        first = threading.Thread(target=one, args=(1.0,))
        first.start()
        time.sleep(0.1)
        one(0.3)
        first.join()

    async def awaited(client: Any) -> None:
        async def one(timeout: float) -> None:
            try:
                await client.submit(a_request(), timeout=timeout)
            except errors.RunComfyError as error:
                outcomes.append(type(error))

        async with anyio.create_task_group() as group:
            group.start_soon(one, 1.0)
            await anyio.sleep(0.1)
            group.start_soon(one, 0.3)

    with raw_server(hang) as server:
        caller = Caller(kind, server.url)
        caller.call(blocking if caller.kind == "sync" else awaited)
        assert outcomes == [errors.ConnectionFailed, errors.SubmissionUnknown]
        assert server.submits() == 1


@pytest.mark.parametrize("kind", [kind for kind in OWN if kind != "sync"])
def test_many_slow_calls_are_all_in_progress_at_once(kind: str) -> None:
    everybody = threading.Barrier(60)

    def wait_for_all(server: RawServer, connection: socket.socket, _: int) -> None:
        server.read_call(connection)
        everybody.wait(5)
        connection.sendall(json_answer())

    with raw_server(wait_for_all) as server:
        assert many(kind, server.url, 60) == [ID] * 60


@pytest.mark.parametrize("kind", [kind for kind in OWN if kind != "sync"])
def test_a_burst_of_short_calls_needs_few_connections(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_limiter, "_PATIENCE", 10)  # the server here is slow
    with raw_server(answer_all) as server:
        assert many(kind, server.url, 60) == [ID] * 60
        assert server.connections <= 8


@pytest.mark.parametrize("kind", OWN)
def test_cancelled_calls_give_their_connections_back(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "CONNECTIONS", 2)

    def hang_then_answer(server: RawServer, connection: socket.socket, number: int) -> None:
        (hang if number <= 6 else answer_all)(server, connection, number)

    def blocking(client: Client) -> Any:
        for _ in range(6):
            with pytest.raises(errors.DeadlineExceeded):
                client.job(ID).status(timeout=0.05)
        return submit(client)

    async def awaited(client: Any) -> Any:
        for _ in range(6):
            with anyio.move_on_after(0.1):
                await client.job(ID).status()
        return await submit(client)

    with raw_server(hang_then_answer) as server:
        caller = Caller(kind, server.url)
        use = blocking if caller.kind == "sync" else awaited
        assert caller.call(use).request_id == ID


@pytest.mark.parametrize("kind", OWN)
def test_closing_wakes_the_call_that_waits_for_an_answer(kind: str) -> None:
    def blocking(client: Client) -> None:
        timer = threading.Timer(0.3, client.close)
        timer.start()
        with pytest.raises(errors.SubmissionUnknown):
            client.submit(a_request(), timeout=8)
        timer.join()

    async def awaited(client: Any) -> None:
        async def close_soon() -> None:
            await anyio.sleep(0.3)
            await client.aclose()

        async with anyio.create_task_group() as group:
            group.start_soon(close_soon)
            with pytest.raises(errors.SubmissionUnknown):
                await client.submit(a_request(), timeout=8)

    with raw_server(hang) as server:
        with before_the_stall_ends():
            caller = Caller(kind, server.url)
            caller.call(blocking if caller.kind == "sync" else awaited)
        assert server.submits() == 1


@pytest.mark.parametrize("kind", OWN)
def test_closing_turns_away_the_submit_that_waits_for_a_connection(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "CONNECTIONS", 1)
    outcomes: list[type] = []

    def blocking(client: Client) -> None:
        def one() -> None:
            with pytest.raises(errors.RunComfyError) as caught:
                client.submit(a_request(), timeout=8)
            outcomes.append(caught.type)

        threads = [threading.Thread(target=one) for _ in range(2)]
        for thread in threads:
            thread.start()
            time.sleep(0.2)
        client.close()
        for thread in threads:
            thread.join()

    async def awaited(client: Any) -> None:
        async def one() -> None:
            with pytest.raises(errors.RunComfyError) as caught:
                await client.submit(a_request(), timeout=8)
            outcomes.append(caught.type)

        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(one)
                await anyio.sleep(0.2)
            await client.aclose()

    with raw_server(hang) as server:
        caller = Caller(kind, server.url)
        caller.call(blocking if caller.kind == "sync" else awaited)
        assert set(outcomes) == {errors.SubmissionUnknown, errors.ClientClosed}
        assert (server.submits(), server.connections) == (1, 1)
