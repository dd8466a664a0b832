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

from .context import CallContext
from .responses import JsonDocument
from .steps import Call, Flow
from .urls import model_path, request_path

__all__ = ["cancel", "fetch", "follow", "get_status", "run", "submit", "verdict", "watch"]


def run(context: CallContext, body: bytes) -> Flow[dict[str, Any]]:
    """Submit, follow and fetch. Returns the result document."""
    yield from submit(context, body)
    yield from context.until_next_poll(None)
    return (yield from watch(context))


def submit(context: CallContext, body: bytes) -> Flow[str]:
    """Submit the body to the context's model, and return the request id.

    >>> flow = submit(CallContext(model_id="acme/cat"), b"{}")
    >>> next(flow)
    Send(call=Call(action='submit', method='POST', path='/v1/models/acme/cat'), timeout=None)
    """
    call = Call("submit", "POST", model_path(context.model_id or ""), body)
    document = yield from context.exchange(call)
    given = document.content.get("request_id")
    context.learn(given)
    if context.request_id is None:
        context.learn(document.located)
        raise context.error(
            SubmissionUnknown,
            "the service accepted the submit but returned no usable request id: it may be billed; it was "
            "not retried. Check the requests and the balance in your RunComfy account before you "
            "submit again",
            server_text=context.redact(document.content),
            raw=context.redact.inside(document.content),
        )
    context.changes.note(context.request_id, context.now)
    yield from context.report(Status.from_answer(document.content, "submitted"))
    return context.request_id


def get_status(context: CallContext) -> Flow[Status]:
    """Fetch the status once."""
    status, _ = yield from _poll(context)
    return status


def follow(context: CallContext) -> Flow[Status]:
    """Poll until the request has ended, reporting every change. Returns the last status."""
    while True:
        status, asked = yield from _poll(context)
        yield from context.report(status)
        if phase(status.state) != "running":
            return status
        yield from context.until_next_poll(asked)


def watch(context: CallContext) -> Flow[dict[str, Any]]:
    """Wait for the request to end. Returns the result document."""
    while True:
        ended = phase((yield from follow(context)).state)
        if ended == "cancelled":
            raise context.error(JobCancelled, "the job was cancelled")
        document = yield from _fetch_after(context, ended)
        if document is not None:
            return document
        yield from context.until_next_poll(None)  # the queue is ahead of the result


def fetch(context: CallContext) -> Flow[dict[str, Any]]:
    """Fetch the result document. Raises ``ResultNotReady`` if the job has not ended."""
    document = yield from _read_result(context)
    return _judged(context, document.content, verdict(document.content))


def cancel(context: CallContext) -> Flow[Cancellation]:
    """Cancel the request, and return the outcome."""
    path = request_path(context.request_id or "", "cancel")
    document = yield from context.exchange(Call("cancel", "POST", path))
    return Cancellation.from_answer(document.content)


def _poll(context: CallContext) -> Flow[tuple[Status, float | None]]:
    path = request_path(context.request_id or "", "status")
    document = yield from context.exchange(Call("read", "GET", path))
    status = Status.from_answer(document.content)
    if phase(status.state) == "succeeded":  # the result may lag behind
        context.changes.note(context.request_id, context.now)
    return status, document.retry_after


def _read_result(context: CallContext) -> Flow[JsonDocument]:
    path = request_path(context.request_id or "", "result") + "?include_cost=true"
    return (yield from context.exchange(Call("read", "GET", path)))


def _fetch_after(context: CallContext, ended: Phase) -> Flow[dict[str, Any] | None]:
    """The document of a job that has ended according to its status; ``None`` if the result disagrees.

    The result decides. If the queue reports a failure and the result has no status, the job failed.
    """
    try:
        document = yield from _read_result(context)
        return _judged(context, document.content, verdict(document.content, queue=ended))
    except ResultNotReady as error:
        if ended == "failed":
            _fail(context, context.seen.raw if context.seen else {}, error)
        return None
    except AuthenticationFailed:
        raise
    except ServiceError as error:
        if ended == "failed":
            _fail(context, context.seen.raw if context.seen else {}, error)
        raise


def _judged(context: CallContext, document: dict[str, Any], ended: Phase) -> dict[str, Any]:
    if ended == "succeeded":
        return document
    if ended == "cancelled":
        raise context.error(JobCancelled, "the job was cancelled")
    if ended == "failed":
        _fail(context, document, None)
    state = context.redact(Status.from_answer(document).state)
    raise context.error(ResultNotReady, f"the job has not ended yet; its status is {state!r}")


def _fail(context: CallContext, raw: Any, because: RequestError | None) -> NoReturn:
    """Raise ``JobFailed`` with the reason from the document or the error."""
    reason = raw.get("error")
    words = context.redact(reason) if reason else ""
    error = context.error(
        JobFailed,
        "the job failed",
        status=because.status if because else None,
        error_code=because.error_code if because else None,
        server_text=words or (because.server_text if because else ""),
    )
    error.error, error.raw = context.redact.inside(reason), context.redact.inside(dict(raw))
    raise error from because


def verdict(document: dict[str, Any], *, queue: Phase = "running") -> Phase:
    """How the request ended according to its result; ``queue`` is the status endpoint's state.

    The result decides: by its status if that is known, else by its output, its error, and last by the
    queue.
    """
    state = document.get("status")
    if isinstance(state, str) and state.strip().casefold() in _PHASES:
        return phase(state)
    if isinstance(state, str) and queue == "running":
        return "running"  # an unknown status
    if document.get("output") is not None:
        return "succeeded"
    if document.get("error"):
        return "failed"
    return "running" if isinstance(state, str) and queue == "succeeded" else queue
