"""What the servers of the tests share: running on a free local port, and breaking a connection."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

__all__ = ["QuietServer", "break_off", "running", "zero_linger"]


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Broken connections are what the tests are about."""


@contextmanager
def running(server: socketserver.TCPServer) -> Iterator[int]:
    """The server at work in a thread of its own, and its port; it is closed afterwards."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def zero_linger(connection: socket.socket) -> None:
    """Closing with a zero linger time sends RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def break_off(connection: socket.socket) -> None:
    """Break the connection with RST."""
    zero_linger(connection)
    connection.shutdown(socket.SHUT_RDWR)
