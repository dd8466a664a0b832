"""A server of files on a real socket that behaves, or misbehaves, as a test says.

A route is a function from a request to the pieces of an answer: bytes are sent as they are, a number
is waited for in seconds, ``CLOSE`` ends the connection and ``RESET`` breaks it.
"""

from __future__ import annotations

import gzip
import itertools
import re
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from support.local_server import running, zero_linger

__all__ = ["CLOSE", "RESET", "Asked", "FileServer", "Route", "serve"]

CLOSE, RESET = "close", "reset"


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    #: Bytes of the answer that were handed to the system.
    sent: int = 0

    @property
    def range(self) -> tuple[int, int]:
        """The asked range, as the indices of a slice."""
        start, end = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["range"]).groups()  # type: ignore[union-attr]  # a bad one fails the test
        return int(start), int(end) + 1


Piece = bytes | float | str
Route = Callable[[Asked], Iterable[Piece]]


@dataclass
class FileServer:
    routes: dict[str, Route] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    #: The most connections that were open at the same time.
    most_open: int = 0
    busy: int = 0
    #: The most requests that were answered at the same time.
    busiest: int = 0
    #: Set when a connection has ended.
    ended: threading.Event = field(default_factory=threading.Event)
    place: str = ""
    scheme: str = "http"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str, route: Route | None = None, host: str = "") -> str:
        """The URL of a path, and what is answered there."""
        if route:
            self.routes[path] = route
        port = self.place.rpartition(":")[2]
        return f"{self.scheme}://{f'{host}:{port}' if host else self.place}{path}"

    @property
    def bodies(self) -> int:
        """Bytes sent, heads included."""
        return sum(asked.sent for asked in self.asked)


class _Handler(socketserver.BaseRequestHandler):
    request: socket.socket

    def handle(self) -> None:
        server = cast("_Server", self.server)
        files = server.files
        # Head and body are sent one after the other, which would wait 40 ms for each other.
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with files.lock:
            files.connections += 1
            files.open += 1
            files.most_open = max(files.most_open, files.open)
        try:
            while server.answer(self.request):
                pass
        except OSError:
            pass  # the other end has gone, which many tests are about
        finally:
            with files.lock:
                files.open -= 1
            files.ended.set()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, files: FileServer, tls: ssl.SSLContext | None) -> None:
        self.files = files
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: object, client_address: object) -> None:
        """Broken connections are what the tests are about."""

    def answer(self, connection: socket.socket) -> bool:
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            more = connection.recv(4096)
            if not more:
                return False
            data += more
        line, *lines = data.decode("ascii").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        asked = Asked(line.split(" ")[1], {name.lower(): text for name, text in headers.items()})
        files = self.files
        with files.lock:
            files.asked.append(asked)
            files.busy += 1
            files.busiest = max(files.busiest, files.busy)
        try:
            return self.send(connection, asked)
        finally:
            with files.lock:
                files.busy -= 1

    def send(self, connection: socket.socket, asked: Asked) -> bool:
        for piece in self.files.routes.get(asked.path.partition("?")[0], status(404))(asked):
            if isinstance(piece, bytes):
                connection.sendall(piece)
                asked.sent += len(piece)
            elif isinstance(piece, (int, float)):
                time.sleep(piece)
            else:
                if piece == RESET:
                    zero_linger(connection)
                return False
        return True


@contextmanager
def serve(tls: ssl.SSLContext | None = None) -> Iterator[FileServer]:
    files = FileServer(scheme="https" if tls else "http")
    with running(_Server(files, tls)) as port:
        files.place = f"127.0.0.1:{port}"
        yield files


def head(code: int, **headers: object) -> bytes:
    lines = [f"HTTP/1.1 {code} Whatever"]
    lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def status(code: int, body: bytes = b"", **headers: object) -> Route:
    return lambda _: [head(code, Content_Length=len(body), **headers), body]


def redirect(location: str, code: int = 302, **headers: object) -> Route:
    return status(code, b"moved", Location=location, **headers)


def ranged(content: bytes, **headers: object) -> Route:
    """A server that knows ranges."""

    def answer(asked: Asked) -> Iterator[Piece]:
        start, stop = asked.range
        body = content[start:stop]
        if not body:
            yield head(416, Content_Length=0, Content_Range=f"bytes */{len(content)}")
            return
        place = f"bytes {start}-{start + len(body) - 1}/{len(content)}"
        yield head(206, Content_Length=len(body), Content_Range=place, **headers)
        yield body

    return answer


def whole(content: bytes, **headers: object) -> Route:
    """A server that knows no ranges."""
    return status(200, content, **headers)


def chunked(content: bytes) -> Route:
    """A server that does not say how much is to come."""

    def answer(asked: Asked) -> Iterator[Piece]:
        yield head(200, Transfer_Encoding="chunked")
        for start in range(0, len(content), 50_000):
            part = content[start : start + 50_000]
            yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
        yield b"0\r\n\r\n"

    return answer


def endless(start: bytes = b"") -> Route:
    def answer(asked: Asked) -> Iterator[Piece]:
        yield head(200, Content_Type="image/jpeg") + start
        yield from itertools.repeat(b"\0" * 65_536)

    return answer


def drip(seconds: float, opening: bytes = b"") -> Route:
    """A server that sends a byte now and then."""
    return lambda _: itertools.chain([opening], itertools.cycle([b"x", seconds]))


def raw(*pieces: Piece) -> Route:
    return lambda _: pieces


def zipped(content: bytes) -> Route:
    return status(200, gzip.compress(content), Content_Encoding="gzip")
