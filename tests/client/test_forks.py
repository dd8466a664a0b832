"""Forks: a child process makes its own connections, also when it was forked during the first call."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runcomfy import Client, Output, Result
from runcomfy.downloads import config
from runcomfy.transports import tls
from support.callers import TOKEN
from support.certificates import self_signed
from support.raw_server import RawServer, json_answer, raw_server

ID = "req-1"

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def in_child(work: Callable[[], object]) -> int:
    """The status with which a forked process ends: 0 where the work was done, 9 where it hung."""
    child = os.fork()
    if child == 0:
        try:
            threading.Timer(15, os._exit, [9]).start()
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    import ssl

    def answer(server: RawServer, connection: socket.socket, _: int) -> None:
        while server.read_call(connection):
            connection.sendall(json_answer())

    certificate = self_signed(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with raw_server(answer, context) as started:
        yield started


class Reading:
    """Certificates that take long to be read, by the first who asks for them."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self._trusted = tls.trusted
        self._first = True

    def __call__(self) -> Any:
        if self._first:
            self._first = False
            self.begun.set()
            self.go_on.wait(20)
        return self._trusted()


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    slow = Reading()
    monkeypatch.setattr(tls, "trusted", slow)
    monkeypatch.setattr(config, "trusted", slow)
    config.tls_context.cache_clear()
    return slow


def test_a_fork_while_certificates_are_read_blocks_no_call(
    server: RawServer, reading: Reading
) -> None:
    client = Client(TOKEN, base_url=server.url)
    first = threading.Thread(target=lambda: client.job(ID).status())
    first.start()
    assert reading.begun.wait(5)
    assert in_child(lambda: client.job(ID).status(timeout=10)) == 0
    reading.go_on.set()
    first.join()
    client.close()


def test_a_fork_while_certificates_are_read_blocks_no_download(
    server: RawServer, reading: Reading
) -> None:
    raw = {"output": f"{server.url}/a.bin"}
    hosts = [server.url.removeprefix("https://")]
    client = Client(TOKEN, base_url=server.url, download_hosts=hosts)
    result = Result(ID, Output.from_payload({}), raw, downloads=client._downloads)
    first = threading.Thread(target=result.files[0].read)
    first.start()
    assert reading.begun.wait(5)
    assert in_child(lambda: result.files[0].read(timeout=10)) == 0
    reading.go_on.set()
    first.join()
    client.close()


def test_a_fork_while_a_call_waits_leaves_the_child_its_own_threads(server: RawServer) -> None:
    client = Client(TOKEN, base_url=server.url)
    for _ in range(3):
        client.job(ID).status()
    assert in_child(lambda: [client.job(ID).status(timeout=10) for _ in range(3)]) == 0
    assert client.job(ID).status().state == "completed"
    client.close()


def test_a_child_may_close_the_client_of_its_parent(server: RawServer) -> None:
    client = Client(TOKEN, base_url=server.url)
    client.job(ID).status()
    assert in_child(client.close) == 0
    assert client.job(ID).status().state == "completed"
    assert server.connections == 1
    client.close()
