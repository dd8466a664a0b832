"""Reading a response: its document or its error, and the exception for an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from runcomfy import errors
from runcomfy.redaction import Redactor

from .retries import MAY_BE_ACCEPTED, failure_kind_of, retry_after
from .steps import Call, Failure, FailureKind, Response
from .urls import request_in

__all__ = ["CODES", "WORDS", "ErrorResponse", "JsonDocument", "error_for", "is_not_found", "read"]

#: Bytes kept of a body that is not a JSON object: more than a ``Redactor`` examines.
_LONGEST_BODY_SHOWN = 20_000

#: The members that may hold the text of an error, best first; and its code.
WORDS = ("error_message", "message", "detail", "error")
CODES = ("error_code", "code")

_BY_CODE: dict[int, type[errors.RequestError]] = {
    400001: errors.NotFound,  # "invalid resource identifier"
    400002: errors.InsufficientBalance,
    400004: errors.AuthenticationFailed,
    400005: errors.ResultNotReady,
    403001: errors.PermissionDenied,
    404001: errors.NotFound,
}
_BY_STATUS: dict[int, type[errors.RequestError]] = {
    401: errors.AuthenticationFailed,
    402: errors.InsufficientBalance,
    403: errors.PermissionDenied,
    404: errors.NotFound,
}
_BY_KIND: dict[FailureKind, type[errors.RequestError]] = {
    "not sent": errors.ConnectionFailed,
    "not connected": errors.ConnectionFailed,
    "response lost": errors.ConnectionFailed,
    "response unreadable": errors.UnexpectedAnswer,
    "redirected": errors.UnexpectedAnswer,
    "rate limited": errors.RateLimited,
    "refused": errors.RequestRejected,
    "server fault": errors.ServerFault,
    "not visible yet": errors.NotFound,
    "contradictory": errors.UnexpectedAnswer,
}
_SENTENCES: dict[FailureKind, str] = {
    "not sent": "the call could not be sent",
    "not connected": "no connection to the service",
    "response lost": "the connection was lost before the response was complete",
    "response unreadable": "the service's response cannot be read",
    "redirected": "the service returned a redirect, which is not followed",
    "rate limited": "the service rate-limited the call",
    "refused": "the service refused the call",
    "server fault": "the service failed",
    "not visible yet": "the service does not have the request yet",
    "contradictory": "the service returned an error, but may have accepted the request",
}
#: Messages of errors that call for an action, with that action.
_ADVICE: dict[type[errors.RequestError], str] = {
    errors.AuthenticationFailed: (
        "the service rejected the token; check which one is used (token=, the environment variables, the "
        "file of the official command), or create another in your RunComfy account"
    ),
    errors.InsufficientBalance: "the account has insufficient credit; add some in your RunComfy account",
    errors.PermissionDenied: "the token's account does not have permission for this",
    errors.NotFound: "the service has no such model or request",
}
_NO_CREDIT_TO_READ = (
    "the service reports insufficient credit, but this call is free: the request was accepted "
    "earlier. Do not submit it again; repeat this call later, or contact RunComfy support"
)
_CHECK = (
    "the submit may have been accepted and billed; it was not retried. Check the "
    "requests and the balance in your RunComfy account before you submit again"
)


@dataclass(slots=True)
class JsonDocument:
    """A successful response: its JSON object, the ``Retry-After`` pause, and the raw body."""

    content: dict[str, Any]
    retry_after: float | None = None
    body: bytes = field(default=b"", repr=False)
    #: The request that the headers name.
    located: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """A failed call. ``text`` is the message of the server or transport, ``raw`` the whole response."""

    kind: FailureKind
    text: str
    status: int | None = None
    error_code: int | None = None
    retry_after: float | None = None
    request_id: object = None
    raw: Any = None
    #: The request that the headers name.
    located: str | None = None


def read(reply: Response | Failure, redact: Redactor) -> JsonDocument | ErrorResponse:
    """Read a response as a document or an error; an error may have HTTP status 200."""
    if isinstance(reply, Failure):
        return ErrorResponse(reply.kind, redact(reply.text))
    asked, located = retry_after(reply.headers), _located(reply.headers)
    content = _decode(reply.body)
    good = 200 <= reply.status < 300
    if not isinstance(content, dict):
        kind: FailureKind = "response unreadable" if good else failure_kind_of(reply.status)
        text = reply.body.lstrip()[:_LONGEST_BODY_SHOWN].decode("utf-8", "replace").rstrip()
        raw = redact.inside(content)
        return ErrorResponse(
            kind, redact(text), reply.status, None, asked, raw=raw, located=located
        )
    code = _error_code(content, good=good)
    if good and not code:
        return JsonDocument(content, asked, reply.body, located)
    return ErrorResponse(
        _kind_of_code(code) if good else failure_kind_of(reply.status),
        _words(content, redact),
        reply.status,
        code,
        asked,
        content.get("request_id"),
        redact.inside(content),
        located,
    )


def _located(headers: Mapping[str, str]) -> str | None:
    """The id of a request whose URL is in the headers."""
    for name in ("location", "content-location"):
        found = request_in(headers.get(name, ""))
        if found:
            return found
    return None


def error_for(
    problem: ErrorResponse, call: Call, request_id: str | None, model_id: str | None
) -> errors.RequestError:
    """The exception for a failed call, with all known details."""
    kind: type[errors.RequestError] | None = None
    sentence = _SENTENCES[problem.kind]
    if call.action == "submit" and problem.kind in MAY_BE_ACCEPTED:
        kind, sentence = errors.SubmissionUnknown, f"{sentence}: {_CHECK}"
    elif problem.kind == "refused":
        kind = _refusal(problem)
    if kind in _ADVICE:
        sentence = _ADVICE[kind]
    if kind is errors.InsufficientBalance and call.action != "submit":
        sentence = _NO_CREDIT_TO_READ
    if kind is errors.ResultNotReady:
        if call.action == "read":
            sentence = "the job has not ended yet"
        else:
            kind = None  # the call did not fetch a result
    if call.action == "submit" and kind is not errors.SubmissionUnknown:
        sentence += "; nothing was submitted"
    return (kind or _BY_KIND[problem.kind])(
        sentence,
        request_id=request_id,
        model_id=model_id,
        status=problem.status,
        error_code=problem.error_code,
        server_text=problem.text,
        retry_after=problem.retry_after,
        raw=problem.raw,
    )


def is_not_found(problem: ErrorResponse) -> bool:
    """Whether the service reports that the model or request does not exist."""
    return problem.kind == "refused" and _refusal(problem) is errors.NotFound


def _refusal(problem: ErrorResponse) -> type[errors.RequestError] | None:
    return _BY_CODE.get(problem.error_code or 0) or _BY_STATUS.get(problem.status or 0)


def _decode(body: bytes) -> Any:
    """The value of the body; ``None`` if it is not JSON. What is broken in a paid result does not take the rest of it."""
    encoding = json.detect_encoding(body)
    try:
        text = body.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        text = body.decode(encoding, "replace")
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError):
        return None


def _integer(digits: str) -> int | float | None:
    try:
        return int(digits)
    except ValueError:
        return _finite(digits)


def _finite(digits: str) -> float | None:
    """The number; ``None`` for one that no JSON writer could write again."""
    number = float(digits)
    return number if isfinite(number) else None


#: Of numbers that cannot be read, or could not be written again, ``None`` is left.
_decoder = json.JSONDecoder(parse_int=_integer, parse_float=_finite, parse_constant=lambda _: None)


def _error_code(content: dict[str, Any], *, good: bool) -> int | None:
    """The error code. In a successful response only ``error_code`` counts, not ``code``."""
    for name in CODES[:1] if good else CODES:
        value = content.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            value = int(value)
        if type(value) is int and abs(value) < 1_000_000_000:
            return value
    return None


def _kind_of_code(code: int | None) -> FailureKind:
    """The kind of an error with HTTP status 200: error codes start with an HTTP status."""
    number = code or 0
    if number >= 1000:
        number //= 1000
    return failure_kind_of(number) if 400 <= number < 600 else "refused"


def _words(content: dict[str, Any], redact: Redactor) -> str:
    texts = [redact(content[name]) for name in WORDS if content.get(name)]
    return "; ".join(dict.fromkeys(texts))
