"""``Middleware``: logs requests, injects faults, and sends the responses."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .app import Origins
from .fault_rules import FaultBook
from .faults import Fault, Scene
from .raw_http import Raw, RawConnection, Reply, send_reply
from .request_log import Asked, classify
from .responses import error
from .settings import Settings
from .store import JobStore

__all__ = ["Middleware"]

_log = logging.getLogger("runcomfy.mock")

#: The maximum size of a body; a large one requires a token.
_LONGEST_BODY = 128 * 1024 * 1024
_LONGEST_BODY_WITHOUT_TOKEN = 64 * 1024

_ELSEWHERE = Reply(
    200,
    (("content-type", "application/json"),),
    b'{"request_id": "elsewhere", "status": "completed", "outcome": "cancelled", "output": {}}',
)


@dataclass(slots=True)
class Middleware:
    """An ASGI application around the service's own."""

    app: ASGIApp
    settings: Settings
    store: JobStore
    book: FaultBook
    places: Origins
    log: list[Asked]
    #: Called when a request has been dealt with.
    watch: Callable[[Asked], object]
    #: Closes the port if a rule wants it closed from here on; whether it did.
    refuse: Callable[[Fault | None], Awaitable[bool]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Deal with one request."""
        connection: RawConnection = scope["state"]["connection"]
        body = await _read(receive, _longest_body(scope))
        asked = self._note(scope, body or b"")
        answer: Reply | Raw
        try:
            if body is None:
                answer, refused = (_TOO_LARGE if asked.token else _NO_TOKEN), False
            else:
                answer, refused = await self._answer(scope, asked, body)
        except Exception as error:  # noqa: BLE001  # of whatever kind, in functions of the caller's
            _log.exception("the mock service failed on %s %s", asked.method, asked.path)
            answer, refused = _broken(error), False
        asked.status = answer.status if isinstance(answer, Reply) else None
        try:
            self.watch(asked)
        except Exception:  # noqa: BLE001  # likewise; the request has been dealt with
            _log.exception("watch= failed on %s %s", asked.method, asked.path)
        if isinstance(answer, Raw):
            await connection.perform(answer, receive)
        else:
            answer = answer.with_headers(date=formatdate(usegmt=True), server="runcomfy-mock")
            await send_reply(answer, send, close=refused)

    async def _answer(self, scope: Scope, asked: Asked, body: bytes) -> tuple[Reply | Raw, bool]:
        """The response, and whether the port was closed."""
        fault = self.book.choose(asked)
        if fault:
            asked.fault = fault.name
        facts = fault.job if fault else {}
        if facts and asked.request_id:
            self.store.change(asked.request_id, **facts)
        scope["state"].update(asked=asked, facts=facts)
        reply = await self._reply(scope, asked, body, acts=fault is None or fault.after)
        answer: Reply | Raw = reply
        if fault:
            answer = fault.change(reply, Scene(asked, self.places.elsewhere, self.settings.drip))
        return answer, await self.refuse(fault)

    def _note(self, scope: Scope, body: bytes) -> Asked:
        host = scope["state"]["host"]
        action, ids = classify(scope["method"], scope["path"], host)
        asked = Asked(
            action,
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body,
            host,
            (scope.get("server") or ("", 0))[1],
            ids.get("request_id"),
            ids.get("model_id"),
        )
        job = self.store.get(asked.request_id) if asked.request_id else None
        if job:
            asked.model_id = job.model_id
        if self.settings.keep_log:
            self.log.append(asked)
        return asked

    async def _reply(self, scope: Scope, asked: Asked, body: bytes, *, acts: bool) -> Reply:
        """The service's response; empty if the request is not to be processed."""
        if not acts:
            return Reply()
        if asked.host == "elsewhere":
            return _ELSEWHERE
        if asked.host == "files" and asked.action != "download":
            return Reply(404)
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, keep)
        return _gathered(sent)


def _broken(error: Exception) -> Reply:
    """A refusal, which no client repeats: the same request would break the service again."""
    words = f"the mock service failed: {type(error).__name__}: {error}; see the log runcomfy.mock"
    document = {"error_code": 400000, "error_message": words}
    return Reply(400, (("content-type", "application/json"),), json.dumps(document).encode())


def _longest_body(scope: Scope) -> int:
    has_token = any(name == b"authorization" for name, _ in scope["headers"])
    return _LONGEST_BODY if has_token else _LONGEST_BODY_WITHOUT_TOKEN


async def _read(receive: Receive, longest: int) -> bytes | None:
    """The body; ``None`` for one that is too long."""
    body = bytearray()
    size = 0
    more = True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= longest:
            body += part
        else:
            body.clear()
        more = message.get("more_body", False)
    return bytes(body) if size <= longest else None


def _error_reply(code: int) -> Reply:
    status, document = error(code)
    return Reply(status, (("content-type", "application/json"),), json.dumps(document).encode())


_NO_TOKEN, _TOO_LARGE = _error_reply(400004), _error_reply(413001)


def _gathered(sent: list[Message]) -> Reply:
    headers = cast(Any, sent[0]).get("headers", ())
    return Reply(
        sent[0]["status"],
        tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers),
        b"".join(message.get("body", b"") for message in sent[1:]),
    )
