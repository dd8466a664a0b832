"""The lifecycle of a request: submit, follow, fetch, cancel. Each flow is a generator without I/O."""

from __future__ import annotations

from typing import Any, NoReturn

from runcomfy.errors import (
    AuthenticationFailed,
    JobCancelled,
    JobFailed,
    RequestError,
    ResultNotReady,
    ServiceError,
    SubmissionUnknown,
)
from runcomfy.status import _PHASES, Cancellation, Phase, Status, phase

from .context import Talk
from .responses import Document
from .steps import Call, Flow
from .urls import model_path, request_path

__all__ = ["cancel", "fetch", "follow", "look", "run", "submit", "verdict", "watch"]


def run(talk: Talk, body: bytes) -> Flow[dict[str, Any]]:
    """Submit, follow, fetch: the document of the result."""
    yield from submit(talk, body)
    yield from talk.until_next_poll(None)
    return (yield from watch(talk))


def submit(talk: Talk, body: bytes) -> Flow[str]:
    """Submit the body to the talk's model: the request id.

    >>> flow = submit(Talk(model_id="acme/cat"), b"{}")
    >>> next(flow)
    Send(call=Call(action='submit', method='POST', path='/v1/models/acme/cat'), timeout=None)
    """
    call = Call("submit", "POST", model_path(talk.model_id or ""), body)
    document = yield from talk.exchange(call)
    given = document.content.get("request_id")
    talk.learn(given)
    if talk.request_id is None:
        raise talk.error(
            SubmissionUnknown,
            "the service took the submit but gave no usable request id: it may be billed; it was "
            "not repeated. Look at the requests and the balance in your RunComfy account before you "
            "submit again",
            server_text=talk.redact(document.content),
            raw=talk.redact.inside(document.content),
        )
    yield from talk.report(Status.from_answer(document.content, "submitted"))
    return talk.request_id


def look(talk: Talk) -> Flow[Status]:
    """Ask once where the request is."""
    status, _ = yield from _poll(talk)
    return status


def follow(talk: Talk) -> Flow[Status]:
    """Poll until the request has ended, reporting every change: the last status."""
    while True:
        status, asked = yield from _poll(talk)
        yield from talk.report(status)
        if phase(status.state) != "running":
            return status
        yield from talk.until_next_poll(asked)


def watch(talk: Talk) -> Flow[dict[str, Any]]:
    """Follow the request to its end: the document of the result."""
    while True:
        ended = phase((yield from follow(talk)).state)
        if ended == "cancelled":
            raise talk.error(JobCancelled, "the job was cancelled")
        document = yield from _fetch_after(talk, ended)
        if document is not None:
            return document
        yield from talk.until_next_poll(None)  # the queue is ahead of the result


def fetch(talk: Talk) -> Flow[dict[str, Any]]:
    """Fetch the result now: its document; ``ResultNotReady`` when the job has not ended."""
    document = yield from _read_result(talk)
    return _judged(talk, document.content, verdict(document.content))


def cancel(talk: Talk) -> Flow[Cancellation]:
    """Ask the service to cancel the request, and say what came of it."""
    path = request_path(talk.request_id or "", "cancel")
    document = yield from talk.exchange(Call("cancel", "POST", path))
    return Cancellation.from_answer(document.content)


def _poll(talk: Talk) -> Flow[tuple[Status, float | None]]:
    path = request_path(talk.request_id or "", "status")
    document = yield from talk.exchange(Call("read", "GET", path))
    return Status.from_answer(document.content), document.retry_after


def _read_result(talk: Talk) -> Flow[Document]:
    path = request_path(talk.request_id or "", "result") + "?include_cost=true"
    return (yield from talk.exchange(Call("read", "GET", path)))


def _fetch_after(talk: Talk, ended: Phase) -> Flow[dict[str, Any] | None]:
    """The document of a job that the queue calls ended, ``None`` if the result says otherwise.

    The result decides. Where the queue says "failed" and the result says nothing, it failed.
    """
    try:
        document = yield from _read_result(talk)
        return _judged(talk, document.content, verdict(document.content, queue=ended))
    except ResultNotReady as error:
        if ended == "failed":
            _fail(talk, talk.seen.raw if talk.seen else {}, error)
        return None
    except AuthenticationFailed:
        raise
    except ServiceError as error:
        if ended == "failed":
            _fail(talk, talk.seen.raw if talk.seen else {}, error)
        raise


def _judged(talk: Talk, document: dict[str, Any], ended: Phase) -> dict[str, Any]:
    if ended == "succeeded":
        return document
    if ended == "cancelled":
        raise talk.error(JobCancelled, "the job was cancelled")
    if ended == "failed":
        _fail(talk, document, None)
    state = talk.redact(Status.from_answer(document).state)
    raise talk.error(ResultNotReady, f"the job has not ended yet; its status is {state!r}")


def _fail(talk: Talk, raw: Any, because: RequestError | None) -> NoReturn:
    """Raise ``JobFailed`` with the reason, from the document or from the error that came instead."""
    reason = raw.get("error")
    words = talk.redact(reason) if reason else ""
    error = talk.error(
        JobFailed,
        "the job failed",
        status=because.status if because else None,
        error_code=because.error_code if because else None,
        server_text=words or (because.server_text if because else ""),
    )
    error.error, error.raw = reason, dict(raw)
    raise error from because


def verdict(document: dict[str, Any], *, queue: Phase = "running") -> Phase:
    """How the request ended, as its result says; ``queue`` is what the queue says.

    The result decides. Where it has no status that is known, its output counts, then its error, then
    the queue.
    """
    state = document.get("status")
    if isinstance(state, str) and state.strip().casefold() in _PHASES:
        return phase(state)
    if isinstance(state, str) and queue == "running":
        return "running"  # a status that nobody has seen before
    if document.get("output") is not None:
        return "succeeded"
    if document.get("error"):
        return "failed"
    return "running" if isinstance(state, str) and queue == "succeeded" else queue
