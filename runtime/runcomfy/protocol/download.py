"""The download flow of one file: redirects, resumption and retries. No I/O.

The flow yields ``Open``, ``Drain`` or ``Sleep`` and receives their replies. After a broken connection, the
received part is kept and the rest is requested, if the file host sent a validator that proves that the file
is the same.
"""

from __future__ import annotations

from runcomfy.errors import DownloadRefused
from runcomfy.redaction import shown_url

from .allowed_hosts import Refusal
from .content_range import rest_of_file, validator
from .download_context import Fetch
from .redirects import MOST_REDIRECTS, REDIRECTS, next_url
from .responses import ErrorResponse
from .retries import failure_kind_of, retry_after
from .steps import Drain, Drained, Failure, Flow, Head, Open

__all__ = ["Fetch", "download"]

_INSTEAD = "received a web page or an error text instead of the {}"


def download(fetch: Fetch) -> Flow[None]:
    """Fetch the file, with retries, until it is complete or the policy or deadline ends it."""
    attempt = most = 0
    while True:
        problem = yield from _attempt(fetch)
        if problem is None:
            return
        if fetch.received > most:
            attempt, most = 0, fetch.received
        if not fetch.validator:
            fetch.restart()
        if not fetch.retries.repeats("download", problem.kind, attempt):
            raise fetch.failed(problem)
        pause = fetch.retries.pause(attempt, problem.retry_after, next(fetch.chances))
        yield from fetch.rest(pause, problem)
        attempt += 1


def _attempt(fetch: Fetch) -> Flow[ErrorResponse | None]:
    """Make one attempt; returns ``None`` when the file is complete."""
    head = yield from _open(fetch)
    if isinstance(head, ErrorResponse):
        return head
    part = rest_of_file(head.status, head.headers, fetch.received, fetch.total, fetch.validator)
    odd, doubt = _refusal(fetch, head), _is_told_as_json(fetch, head)
    if isinstance(part, str) or odd:
        fetch.restart()
        return ErrorResponse("response unreadable", odd or str(part), head.status)
    if (part.total or 0) > fetch.limit:
        raise fetch.too_large(part.total or 0)
    kept = fetch.validator if part.start else ""
    fetch.received, fetch.total, fetch.validator = (
        part.start,
        part.total,
        validator(head.headers) or kept,
    )
    fetch.content_type = head.headers.get("content-type", "")
    drained: Drained = yield Drain(part.start, fetch.limit, part.total, fetch.remaining)
    fetch.now, fetch.received = drained.now, drained.received
    lacking = _lacking(fetch, drained)
    if lacking is None and _is_error(fetch, drained.first, told_as_json=doubt):
        fetch.restart()
        return ErrorResponse("response unreadable", _INSTEAD.format(fetch.kind), head.status)
    return lacking


def _open(fetch: Fetch) -> Flow[Head | ErrorResponse]:
    """The head of a successful response. Every redirect is checked."""
    url = fetch.url
    for _ in range(MOST_REDIRECTS + 1):
        try:
            address = fetch.hosts.check(url)
        except Refusal as refusal:
            hop = "" if url == fetch.url else f"it redirects to {shown_url(url)}, and "
            raise fetch.error(DownloadRefused, f"{hop}{refusal}") from None
        remaining = fetch.remaining
        if remaining is not None and remaining <= 0:
            raise fetch.out_of_time()
        reply: Head | Failure = yield Open(address, fetch.headers(), remaining)
        fetch.now = reply.now
        if isinstance(reply, Failure):
            return ErrorResponse(reply.kind, reply.text)
        if 200 <= reply.status < 300 or reply.status == 416:
            return reply
        location = reply.headers.get("location", "")
        if reply.status not in REDIRECTS or not location:
            asked = retry_after(reply.headers)
            return ErrorResponse(failure_kind_of(reply.status), "", reply.status, retry_after=asked)
        url = next_url(address, location)
    return ErrorResponse("redirected", f"more than {MOST_REDIRECTS} redirects")


def _refusal(fetch: Fetch, head: Head) -> str:
    """The reason why a successful response is not the file; ``""`` if there is none."""
    coding = head.headers.get("content-encoding", "identity")
    if coding.strip().lower() not in {"", "identity"}:
        return f"it is encoded as {coding}, which was not requested"
    content_type = head.headers.get("content-type", "").strip().lower()
    if fetch.kind != "file" and content_type.startswith("text/html"):
        return _INSTEAD.format(fetch.kind)
    return ""


def _is_told_as_json(fetch: Fetch, head: Head) -> bool:
    """Whether the response is declared as JSON, which may be an error document."""
    content_type = head.headers.get("content-type", "").strip().lower()
    return fetch.kind != "file" and content_type.startswith("application/json")


def _is_error(fetch: Fetch, first: bytes, *, told_as_json: bool) -> bool:
    """Whether the body is an error document in place of the file."""
    if told_as_json and not fetch.is_media(first):
        return True
    return fetch.kind != "file" and fetch.is_error_text(first)


def _lacking(fetch: Fetch, drained: Drained) -> ErrorResponse | None:
    """What is missing from the body; ``None`` if the file is complete."""
    if fetch.received > fetch.limit:
        raise fetch.too_large(fetch.received)
    if drained.broken:
        return ErrorResponse("response lost", drained.broken)
    if fetch.total is not None and fetch.received != fetch.total:
        text = f"{fetch.received:,} bytes came of {fetch.total:,}"
        if fetch.received > fetch.total:
            fetch.restart()
        return ErrorResponse("response lost", text)
    if not fetch.received and fetch.kind != "file":
        return ErrorResponse("response unreadable", "the file is empty")
    return None
