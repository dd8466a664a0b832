"""A server that is a function of its connections: for what no web server would do."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from .stalls import STALL

__all__ = ["RawServer", "answer_all", "hang", "json_answer", "raw_server"]


def json_answer(text: str = '{"request_id": "req-1", "status": "completed"}') -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


class RawServer:
    """Counts the connections and the calls that came in whole."""

    def __init__(self) -> None:
        self.url = ""
        self.connections = 0
        self.most_at_once = 0
        self.calls: list[bytes] = []
        self.done = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def submits(self) -> int:
        return sum(call.startswith(b"POST /v1/models/") for call in self.calls)

    def read_call(self, connection: socket.socket) -> bytes:
        """The next call with its body; ``b""`` at the end of the connection."""
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65_536)
            if not part:
                return b""
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"content-length: ")
        missing = int(length.split(b"\r\n")[0] or 0) - len(body)
        parts = [received]
        while missing > 0 and (part := connection.recv(65_536)):
            parts.append(part)
            missing -= len(part)
        call = b"".join(parts)
        with self._lock:
            self.calls.append(call)
        return call

    def opened(self, connection: socket.socket) -> int:
        with self._lock:
            self._open.add(connection)
            self.connections += 1
            self.most_at_once = max(self.most_at_once, len(self._open))
            return self.connections

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def stop(self) -> None:
        self.done.set()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


Handler = Callable[[RawServer, socket.socket, int], None]


def answer_all(server: RawServer, connection: socket.socket, _: int, delay: float = 0) -> None:
    """Answer each call, after ``delay`` seconds."""
    while server.read_call(connection):
        server.done.wait(delay)
        connection.sendall(json_answer())


def hang(server: RawServer, connection: socket.socket, _: int) -> None:
    """Read a call, and never answer."""
    server.read_call(connection)
    server.done.wait(STALL)


@contextmanager
def raw_server(handle: Handler, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Run ``handle(server, connection, number)`` for each connection; numbers start at 1."""
    server = RawServer()
    threads: list[threading.Thread] = []

    def serve_one(plain: socket.socket) -> None:
        with suppress(OSError), plain:
            number = server.opened(plain)
            try:
                if tls is None:
                    handle(server, plain, number)
                else:
                    with tls.wrap_socket(plain, server_side=True) as wrapped:
                        handle(server, wrapped, number)
            finally:
                server.closed(plain)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=serve_one, args=(connection,)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        server.url = f"{scheme}://{host}:{listener.getsockname()[1]}"
        accepting = threading.Thread(target=accept, args=(listener,))
        accepting.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            server.stop()
            for thread in threads:
                thread.join()
