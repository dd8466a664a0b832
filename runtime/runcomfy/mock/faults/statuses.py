"""Faults that are whole answers: HTTP statuses, errors with HTTP 200, redirects, web pages."""

from __future__ import annotations

import json
from email.utils import formatdate
from time import time

from runcomfy.mock.raw_http import Reply
from runcomfy.mock.responses import ERRORS

from .base import API, EVERYWHERE, Change, Fault, Scene

__all__ = ["STATUS_FAULTS"]

_HTML = b"<!doctype html><html><head><title>Oops</title></head><body><h1>Something went wrong</h1></body></html>"
#: The messages of these statuses; others have only their name.
_CODES = {400: 400001, 401: 400004, 402: 400002, 403: 403001, 404: 404001}

#: Statuses that apply before the request is processed: refused, or unavailable.
_BEFORE = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    413: "Content Too Large",
    422: "Unprocessable Content",
    425: "Too Early",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
#: After it has done it: the gateway in front of it gave up.
_AFTER = (408, 500, 502, 503, 504)
_REDIRECTS = (301, 302, 303, 307, 308)
_TOLD = (400001, 400002, 400004, 400005, 403001, 404001, 429001, 500001, 999999)


def _json_reply(status: int, document: object, **headers: str) -> Reply:
    reply = Reply(status, (("content-type", "application/json"),), json.dumps(document).encode())
    return reply.with_headers(**headers)


def _refusal(status: int, **headers: str) -> Change:
    code = _CODES.get(status)
    phrase = _BEFORE[status]
    document = {
        "error_code": code or status * 1000 + 1,
        "error_message": ERRORS[code][1] if code else phrase,
    }
    return lambda _reply, _scene: _json_reply(status, document, **headers)


def _error_with_200(code: int) -> Change:
    words = ERRORS[code][1] if code in ERRORS else "an undocumented error"
    return lambda _reply, _scene: _json_reply(200, {"error_code": code, "error_message": words})


def _page(status: int) -> Change:
    return lambda _reply, _scene: Reply(
        status, (("content-type", "text/html; charset=utf-8"),), _HTML
    )


def _retry_at(_reply: Reply, _scene: Scene) -> Reply:
    date = formatdate(time() + 1, usegmt=True)
    return _json_reply(429, {"error_message": "Too Many Requests"}, retry_after=date)


def _elsewhere(status: int) -> Change:
    def redirect(_reply: Reply, scene: Scene) -> Reply:
        return Reply(status, (("location", scene.elsewhere + scene.asked.path),))

    return redirect


def _to_itself(_reply: Reply, scene: Scene) -> Reply:
    return Reply(307, (("location", scene.asked.path),))


STATUS_FAULTS: tuple[Fault, ...] = (
    *(
        Fault(
            f"http_{status}",
            f"HTTP {status} {words}",
            EVERYWHERE,
            _refusal(status),
            after=False,
        )
        for status, words in _BEFORE.items()
    ),
    *(
        Fault(
            f"done_then_{status}",
            f"the request is processed, and the response is HTTP {status}",
            EVERYWHERE,
            _refusal(status),
        )
        for status in _AFTER
    ),
    Fault(
        "retry_after_seconds",
        "HTTP 429, Retry-After: 1",
        EVERYWHERE,
        _refusal(429, retry_after="1"),
        after=False,
    ),
    Fault(
        "retry_after_date",
        "HTTP 429, Retry-After is a date one second from now",
        EVERYWHERE,
        _retry_at,
        after=False,
    ),
    Fault(
        "retry_after_absurd",
        "HTTP 429, Retry-After: 31536000, a year",
        EVERYWHERE,
        _refusal(429, retry_after="31536000"),
        after=False,
    ),
    Fault(
        "retry_after_garbage",
        "HTTP 429, Retry-After: soon",
        EVERYWHERE,
        _refusal(429, retry_after="soon"),
        after=False,
    ),
    Fault(
        "retry_after_503",
        "HTTP 503, Retry-After: 1",
        EVERYWHERE,
        _refusal(503, retry_after="1"),
        after=False,
    ),
    *(
        Fault(
            f"error_200_{code}",
            f"HTTP 200 with error_code {code}",
            API,
            _error_with_200(code),
            after=False,
        )
        for code in _TOLD
    ),
    *(
        Fault(
            f"redirect_{status}",
            f"HTTP {status} to another host",
            EVERYWHERE,
            _elsewhere(status),
            after=False,
        )
        for status in _REDIRECTS
    ),
    Fault("redirect_loop", "HTTP 307 to the same address", EVERYWHERE, _to_itself, after=False),
    Fault("html_200", "a web page with HTTP 200", EVERYWHERE, _page(200)),
    Fault("html_404", "a web page with HTTP 404", EVERYWHERE, _page(404), after=False),
    Fault("html_502", "a web page with HTTP 502", EVERYWHERE, _page(502)),
    Fault("http_204", "HTTP 204, without a body", EVERYWHERE, lambda _reply, _scene: Reply(204)),
)
