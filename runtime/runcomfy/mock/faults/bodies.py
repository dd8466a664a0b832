"""Faults of bodies: no JSON, JSON of another shape, odd encodings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .base import API, Change, Fault

__all__ = ["BODY_FAULTS"]

#: Deeper than any parser should follow.
_DEEP = b"[" * 200_000


def _body(change: Callable[[bytes], bytes]) -> Change:
    return lambda reply, _scene: replace(reply, body=change(reply.body))


BODY_FAULTS: tuple[Fault, ...] = (
    Fault("empty_body", "HTTP 200 and nothing", API, _body(lambda _body: b"")),
    Fault("wrong_json", "text that is not JSON", API, _body(lambda _body: b"{'request_id': oops}")),
    Fault(
        "half_json",
        "half of the JSON, with a matching Content-Length",
        API,
        _body(lambda body: body[: len(body) // 2]),
    ),
    Fault("two_documents", "the JSON twice", API, _body(lambda body: body + body)),
    Fault("json_null", "null", API, _body(lambda _body: b"null")),
    Fault("json_list", "a list", API, _body(lambda body: b"[" + body + b"]")),
    Fault("json_text", "a string", API, _body(lambda _body: b'"completed"')),
    Fault("json_empty", "an empty object", API, _body(lambda _body: b"{}")),
    Fault("json_deep", "200,000 nested lists", API, _body(lambda _body: _DEEP)),
    Fault(
        "json_long_number",
        "a number of 10,000 digits",
        API,
        _body(lambda body: body[:-1] + b',"n":' + b"9" * 10_000 + b"}"),
    ),
    Fault("nul_bytes", "NUL bytes in front", API, _body(lambda body: b"\0\0\0" + body)),
    Fault("bom", "a byte order mark in front", API, _body(lambda body: b"\xef\xbb\xbf" + body)),
    Fault("utf_16", "UTF-16", API, _body(lambda body: body.decode().encode("utf-16"))),
    Fault(
        "bad_utf_8",
        "bytes that are not UTF-8",
        API,
        _body(lambda body: body[:-1] + b',"x":"\xff\xfe"}'),
    ),
    Fault(
        "lone_surrogate",
        "a lone surrogate",
        API,
        _body(lambda body: body[:-1] + b',"x":"\\ud800"}'),
    ),
)
