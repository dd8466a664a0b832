"""The service dies and comes back, is run twice, or breaks off: what was paid for is found again."""

from __future__ import annotations

import gc
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from runcomfy import Client, Polling, errors
from runcomfy.testing import mock_service
from support.callers import BACKENDS, Caller, a_request

pytestmark = pytest.mark.slow

SERVE = """
import sys
from runcomfy.mock import MockService, Settings, small_output
settings = Settings(make_output=small_output, polls_in_queue=int(sys.argv[3]))
with MockService(settings, path=sys.argv[1], port=int(sys.argv[2])) as service:
    print(service.url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["sync", *BACKENDS])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def served(path: Path, port: int = 0, polls_in_queue: int = 1) -> Iterator[tuple[Any, str]]:
    """A mock service in a process of its own, and its address."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(path), str(port), str(polls_in_queue)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@contextmanager
def nobody_at(port: int) -> Iterator[None]:
    """Keep the port bound, so that no server of another test listens there."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        yield


def test_a_request_survives_a_service_that_is_killed_and_comes_back(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite"
    with served(path, polls_in_queue=10**6) as (process, url):
        job = Caller(kind, url).submit()
        with pytest.raises(errors.DeadlineExceeded) as caught:
            Caller(kind, url).on_job(job.request_id, "wait", timeout=0.3)
        process.kill()
        process.wait()
        port = int(url.rpartition(":")[2])
        with nobody_at(port), pytest.raises(errors.DeadlineExceeded, match="no connection") as gone:
            Caller(kind, url).on_job(job.request_id, "wait", timeout=3)
    assert caught.value.request_id == gone.value.request_id == job.request_id
    with served(path, port=port) as (_, same_url):
        assert same_url == url
        result = Caller(kind, url).on_job(job.request_id, "wait", timeout=30)
    assert result.request_id == job.request_id
    assert result.files


def test_one_call_outlives_the_death_of_the_service(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    with ExitStack() as stack:
        process, url = stack.enter_context(served(path, polls_in_queue=10**6))
        seen: list[str] = []

        def restart(status: Any) -> None:
            seen.append(status.state)
            if seen.count("in_queue") == 1 and status.state == "in_queue":
                process.kill()
                process.wait()
                stack.enter_context(served(path, port=int(url.rpartition(":")[2])))

        with Client("any", base_url=url, polling=Polling(0.01, 0.02)) as client:
            result = client.run(a_request(), timeout=60, on_status=restart)
    assert result.files
    assert seen[-1] == "completed"


def test_two_services_over_one_file_know_the_jobs_that_were_there(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    with served(path) as (_, first):
        ids = {Caller("sync", first).submit().request_id for _ in range(3)}
        with served(path) as (_, second):
            found = {
                Caller("sync", second).on_job(one, "wait", timeout=30).request_id for one in ids
            }
            # Both write to the file at the same time, and neither loses what it took.
            more = [
                Caller("sync", url).submit().request_id for _ in range(5) for url in (first, second)
            ]
    assert found == ids
    with mock_service(path=path) as service:
        assert {job.request_id for job in service.jobs} == {*ids, *more}


@pytest.mark.parametrize("fault", ["reset_in_body", "truncated_body", "cut_chunks"])
def test_a_file_whose_connection_breaks_again_and_again_is_whole_in_the_end(
    kind: str, tmp_path: Path, fault: str
) -> None:
    with mock_service(file_host=True) as service:
        service.fault(fault, on="download", times=5)
        caller = Caller(kind, service.url, download_hosts=[service.files_url[7:]])
        whole = _content(caller, caller.run().request_id)
        ranges = [a.headers.get("range") for a in service.log if a.action == "download"]
    assert whole.startswith(b"\x89PNG")
    assert whole.endswith(b"IEND\xaeB`\x82")
    assert len(ranges) == 6
    assert all(ranges[1:]), "the rest is asked for, not all of it again"


def _content(caller: Caller, request_id: str) -> bytes:
    """The content of the request's file."""
    if caller.kind == "sync":
        return bytes(caller.call(lambda client: client.job(request_id).result().files[0].read()))

    async def main(client: Any) -> bytes:
        result = await client.job(request_id).result()
        return bytes(await result.files[0].read())

    return bytes(caller.call(main))


def test_a_service_that_is_closed_while_clients_connect_leaves_no_connection_open() -> None:
    def connect_on_and_on(port: int, stop: threading.Event) -> None:
        while not stop.is_set():
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()

    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always", ResourceWarning)
        for _ in range(10):
            stop = threading.Event()
            with mock_service() as service:
                port = int(service.url.rpartition(":")[2])
                client = threading.Thread(target=connect_on_and_on, args=(port, stop))
                client.start()
                stop.wait(0.02)
            stop.set()
            client.join()
        gc.collect()
    assert not [str(warning.message) for warning in left]
