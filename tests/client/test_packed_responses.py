"""Answers that are packed: once is unpacked, more is refused before it can fill the memory."""

from __future__ import annotations

import gzip
import json
import socket
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from runcomfy import errors
from runcomfy.testing import mock_service
from support.callers import EVERY_KIND, KINDS, Caller
from support.raw_server import RawServer, raw_server
from support.scripted_server import ID, Reply, ScriptedServer, serve

STATUS = json.dumps({"request_id": ID, "status": "in_queue"}).encode()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve() as scripted:
        yield scripted


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize(
    ("packing", "body"),
    [("gzip", gzip.compress(STATUS)), ("GZIP", gzip.compress(STATUS)), ("identity", STATUS),
     ("deflate", zlib.compress(STATUS))],
    ids=["gzip", "GZIP", "identity", "deflate"],
)  # fmt: skip
def test_an_answer_packed_once_is_unpacked(
    kind: str, packing: str, body: bytes, server: ScriptedServer
) -> None:
    server.script(status=[Reply(200, body, {"Content-Encoding": packing})])
    assert Caller(kind, server.url).on_job(ID, "status").state == "in_queue"
    assert server.asked[-1].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "zstd"])
def test_a_submit_whose_answer_is_packed_otherwise_is_not_repeated(
    kind: str, packing: str, server: ScriptedServer
) -> None:
    server.script(submit=[Reply(200, STATUS, {"Content-Encoding": packing})])
    with pytest.raises(errors.SubmissionUnknown, match=f"compressed as '{packing}'"):
        Caller(kind, server.url).submit()
    assert [asked.action for asked in server.asked] == ["submit"]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_two_headers_that_say_how_an_answer_is_packed_count_as_one(kind: str) -> None:
    def pack_twice(server: RawServer, connection: socket.socket, _: int) -> None:
        server.read_call(connection)
        body = gzip.compress(gzip.compress(STATUS))
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n" + 2 * "Content-Encoding: gzip\r\n"
        )
        connection.sendall(head.encode() + b"\r\n" + body)

    with raw_server(pack_twice) as server:
        with pytest.raises(errors.SubmissionUnknown, match="compressed as 'gzip, gzip'"):
            Caller(kind, server.url).submit()
        assert server.submits() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_packed_twice_takes_no_memory(kind: str) -> None:
    """64 MB in a few hundred bytes are not unpacked."""
    with mock_service() as service:
        caller = Caller(kind, service.url)
        service.fault("gzip_twice", on="submit", times=None)
        with pytest.raises(errors.SubmissionUnknown):
            caller.submit()  # the service has packed it now
        tracemalloc.start()
        with pytest.raises(errors.SubmissionUnknown):
            caller.submit()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


BOMBS = {
    "empty objects": b"[" + b"{}," * 10_000_000 + b"{}]",
    "empty lists": b'{"a": [' + b"[]," * 10_000_000 + b"[]]}",
    "numbers": b'{"a": [' + b"1," * 16_000_000 + b"1]}",
    "members": b"{" + b'"a":{},' * 4_000_000 + b'"b":{}}',
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", BOMBS)
def test_a_small_answer_makes_no_large_object(kind: str, name: str, server: ScriptedServer) -> None:
    """32 KB of gzip are 30 MB of text, which would be 1.6 GB of objects."""
    packed = gzip.compress(BOMBS[name])
    assert len(packed) < 100_000
    server.script(submit=[Reply(200, packed, {"Content-Encoding": "gzip"})])
    tracemalloc.start()
    try:
        with pytest.raises(errors.SubmissionUnknown, match="more than 500,000 values"):
            Caller(kind, server.url).submit()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 250 * 1024 * 1024


def test_an_ordinary_large_answer_is_read(server: ScriptedServer) -> None:
    body = json.dumps({"status": "in_queue", "note": ["x" * 1_000] * 20_000}).encode()
    server.script(status=[Reply(200, gzip.compress(body), {"Content-Encoding": "gzip"})])
    assert Caller("sync", server.url).on_job(ID, "status").state == "in_queue"


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_a_packed_answer_that_is_cut_is_lost(
    kind: str, packing: str, server: ScriptedServer
) -> None:
    body = (gzip.compress if packing == "gzip" else zlib.compress)(STATUS)[:-4]
    server.script(submit=[Reply(200, body, {"Content-Encoding": packing})])
    with pytest.raises(errors.SubmissionUnknown):
        Caller(kind, server.url).submit()
    assert server.count("submit") == 1


def test_deflate_without_its_header_is_unpacked(server: ScriptedServer) -> None:
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(STATUS) + packer.flush()
    server.script(status=[Reply(200, body, {"Content-Encoding": "deflate"})])
    assert Caller("sync", server.url).on_job(ID, "status").state == "in_queue"
