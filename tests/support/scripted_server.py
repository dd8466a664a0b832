"""A real server on a local socket that responds as scripted, and records its requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal

from support.local_server import QuietServer, break_off, running

__all__ = ["ID", "Reply", "ScriptedServer", "json_reply", "serve"]

ID = "req-1"

Fault = Literal["", "reset", "truncated"]


@dataclass(frozen=True)
class Reply:
    """What to answer. ``accepts`` says that a submit answered so was taken, and billed."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault = ""
    accepts: bool = False
    delay: float = 0.0
    drip: float = 0.0


def json_reply(status: int = 200, /, *, accepts: bool = False, **content: Any) -> Reply:
    return Reply(status, json.dumps(content).encode(), accepts=accepts)


@dataclass
class Asked:
    action: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedServer:
    """Answers each action by its script; the last reply of a script is repeated."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.accepted = 0
        self.url = ""
        self.done = threading.Event()
        self._lock = threading.Lock()
        self._scripts: dict[str, list[Reply]] = {
            "submit": [json_reply(request_id=ID, accepts=True)],
            "status": [json_reply(request_id=ID, status="completed")],
            "result": [
                json_reply(
                    request_id=ID,
                    status="succeeded",
                    output={"image": "https://x.runcomfy.net/a.png"},
                    cost=0.25,
                    created_at="2026-01-02T03:04:05Z",
                )
            ],
            "cancel": [json_reply(request_id=ID, status="cancelled", outcome="cancelled")],
        }

    def script(self, **replies: list[Reply]) -> None:
        self._scripts.update(replies)

    def count(self, action: str) -> int:
        return sum(asked.action == action for asked in self.asked)

    def next_reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            script = self._scripts.get(asked.action, [Reply(404)])
            reply = script.pop(0) if len(script) > 1 else script[0]
            self.accepted += reply.accepts
            return reply


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are written apart; else the body waits 40 ms for the client to confirm the head.
    disable_nagle_algorithm = True
    scripted: ScriptedServer

    def do_GET(self) -> None:  # the name that http.server calls
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = self.path.split("?")[0]
        action = path.rsplit("/", 1)[-1]
        if path.startswith("/v1/models/"):
            action = "submit" if self.command == "POST" else "model"
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.scripted.next_reply(Asked(action, self.path, headers, body))
        self.scripted.done.wait(reply.delay)
        try:
            self._write(reply)
        except OSError:
            self.close_connection = True

    def _write(self, reply: Reply) -> None:
        if reply.fault == "reset":
            self._reset()
            return
        length = len(reply.body) + (100 if reply.fault == "truncated" else 0)
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(length), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for byte in reply.body if reply.drip else ():
            self.wfile.write(bytes([byte]))
            self.scripted.done.wait(reply.drip)
        if not reply.drip:
            self.wfile.write(reply.body)
        if reply.fault == "truncated":
            self._reset()

    def _reset(self) -> None:
        self.wfile.flush()
        break_off(self.connection)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing."""


@contextmanager
def serve() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    handler = type("Handler", (_Handler,), {"scripted": scripted})
    with running(QuietServer(("127.0.0.1", 0), handler)) as port:
        scripted.url = f"http://127.0.0.1:{port}"
        try:
            yield scripted
        finally:
            scripted.done.set()
