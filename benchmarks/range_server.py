"""A server of files that knows ranges, waits before each answer and counts; in its own process.

``python -m benchmarks.range_server FOLDER`` prints its port. Whatever is asked under a file's name is
answered from it: ``/cat.jpg``, ``/cat.jpg/7``. ``/counts`` reports requests and bytes since the last
time. It is written on bare sockets so that what it costs itself is as little as possible.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

__all__ = ["Counts", "serve"]

DELAY = 0.02
_REQUEST = re.compile(rb"GET /([^ ?/]*)\S* HTTP/1\.1\r\n")
_RANGE = re.compile(rb"\r\nrange: bytes=(\d+)-(\d+)\r\n", re.IGNORECASE)


class Server(asyncio.Protocol):
    """One connection; requests come one after the other."""

    files: dict[str, bytes]
    counts = {"requests": 0, "bytes": 0}  # noqa: RUF012  # of all connections together

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self.received.endswith(b"\r\n\r\n"):
            request, self.received = self.received, b""
            asyncio.get_running_loop().call_later(DELAY, self.answer, request)

    def answer(self, request: bytes) -> None:
        asked = _REQUEST.match(request)
        assert asked
        name = asked[1].decode()
        if name == "counts":
            body = json.dumps(self.counts).encode()
            self.counts.update(requests=0, bytes=0)
            self.send("200 OK", "", body)
            return
        content, part = self.files[name], _RANGE.search(request)
        start, stop = (int(part[1]), int(part[2]) + 1) if part else (0, len(content))
        body = content[start:stop]
        self.counts["requests"] += 1
        self.counts["bytes"] += len(body)
        place = f"Content-Range: bytes {start}-{start + len(body) - 1}/{len(content)}\r\n"
        self.send("206 Partial Content", place, body)

    def send(self, status: str, headers: str, body: bytes) -> None:
        head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


class Counts:
    """What the server has answered since the last look at its counts."""

    def __init__(self, url: str) -> None:
        self.url = url

    def take(self) -> dict[str, int]:
        """Requests and bytes of bodies."""
        counts: dict[str, int] = httpx.get(f"{self.url}/counts", trust_env=False).json()
        return counts


@contextmanager
def serve(folder: Path) -> Iterator[Counts]:
    """Run the server over the files of a folder."""
    program = [sys.executable, "-m", "benchmarks.range_server", str(folder)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Counts(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


async def main(folder: Path) -> None:
    """Serve until somebody ends the process."""
    Server.files = {file.name: file.read_bytes() for file in folder.iterdir()}
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
