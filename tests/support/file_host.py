"""A file host on a local socket: it serves one content, and misbehaves as configured."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from typing import Literal

from support.local_server import QuietServer, break_off, running
from support.stalls import STALL

__all__ = ["CONTENT", "FileHost", "Given", "file_host"]

#: Enough for several pieces, and not the same at any two places.
CONTENT = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2_000

ETAG = '"v1"'


@dataclass(frozen=True)
class Given:
    """What the host answers. ``after`` bytes of the body, it does what ``then`` says."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: int | None = None
    then: Literal["reset", "close", "wait", "endless"] = "close"
    delay: float = 0.0


Response = Callable[[dict[str, str]], Given]


class FileHost:
    """Answers by its script, whose last entry is repeated; the script starts as "serve the file"."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.content = CONTENT
        self.etag = ETAG
        self.leave = threading.Event()
        self._script: list[Response | Given] = [self.whole]
        self._lock = threading.Lock()

    @property
    def place(self) -> str:
        """Host and port, as ``download_hosts`` takes them."""
        return self.url.removeprefix("http://")

    def script(self, *answers: Response | Given) -> None:
        self._script = list(answers)

    def answer(self, path: str, headers: dict[str, str]) -> Given:
        with self._lock:
            self.asked.append((path, headers))
            answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return answer if isinstance(answer, Given) else answer(headers)

    def whole(self, headers: dict[str, str]) -> Given:
        """The file, or the part of it that is asked for."""
        known = {"ETag": self.etag, "Content-Type": "image/png"}
        wanted = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        if wanted is None or headers.get("if-range") != self.etag:
            return Given(headers=known, body=self.content)
        start, size = int(wanted[1]), len(self.content)
        return Given(
            206, known | {"Content-Range": f"bytes {start}-{size - 1}/{size}"}, self.content[start:]
        )

    def cut(self, after: int, then: Literal["reset", "close", "wait"] = "close") -> Response:
        """The file, as far as ``after`` bytes."""
        return lambda headers: replace(self.whole(headers), after=after, then=then)

    def ranges(self) -> list[str]:
        return [headers.get("range", "") for _, headers in self.asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: FileHost

    def do_GET(self) -> None:  # the name that http.server calls
        headers = {name.lower(): value for name, value in self.headers.items()}
        given = self.host.answer(self.path, headers)
        if given.delay:
            self.host.leave.wait(given.delay)
        try:
            self._write(given)
        except OSError:
            self.close_connection = True

    def _write(self, given: Given) -> None:
        self.send_response(given.status)
        for name, value in ({"Content-Length": str(len(given.body))} | given.headers).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if given.after is None:
            self.wfile.write(given.body)
            return
        self.wfile.write(given.body[: given.after])
        self.wfile.flush()
        self.close_connection = True
        if given.then == "wait":
            self.host.leave.wait(STALL)
        while given.then == "endless" and not self.host.leave.is_set():
            self.wfile.write(bytes(65536))
        if given.then == "reset":
            time.sleep(0.05)  # let the client read what was sent: a reset throws it away
            break_off(self.connection)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing."""


@contextmanager
def file_host() -> Iterator[FileHost]:
    host = FileHost()
    server = QuietServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"host": host}))
    with running(server) as port:
        host.url = f"http://127.0.0.1:{port}"
        try:
            yield host
        finally:
            host.leave.set()
