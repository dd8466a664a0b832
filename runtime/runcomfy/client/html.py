"""A result and a job as HTML, for notebooks. Media load from the notebook or from allowed hosts only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from runcomfy.errors import resume_line
from runcomfy.media.data_uris import content_of
from runcomfy.model.media import is_data
from runcomfy.notebook.embedding import EMBEDDED_BYTES, EmbeddingBudget, medium
from runcomfy.notebook.markup import attribute, facts, text
from runcomfy.protocol.allowed_hosts import AllowedHosts, Refusal
from runcomfy.redaction import hidden

if TYPE_CHECKING:
    from runcomfy.downloads.file import File
    from runcomfy.status import Status

    from .fetched_files import Fetched

__all__ = ["html_of", "job_html"]


class ShownResult(Protocol):
    """The displayed parts of a ``Result`` or an ``AsyncResult``."""

    @property
    def request_id(self) -> str: ...
    @property
    def model_id(self) -> str | None: ...
    @property
    def raw(self) -> Mapping[str, Any]: ...
    @property
    def cost(self) -> float | None: ...
    @property
    def created_at(self) -> datetime | None: ...
    @property
    def finished_at(self) -> datetime | None: ...


def html_of(
    result: ShownResult, files: Sequence[File], hosts: AllowedHosts, fetched: Fetched
) -> str:
    """The result's images, videos and audio, then a table: model, status, cost, time, files."""
    budget = EmbeddingBudget()
    media = "".join(_medium(file, hosts, fetched, budget) for file in files)
    return f"<div><div>{media}</div>{facts(_facts(result, files, hosts))}</div>"


def job_html(request_id: str, model_id: str | None, status: Status | None) -> str:
    """A job: its id, model, last known status, and the line of code that resumes it. Sends no request."""
    place = None if status is None else status.queue_position
    state = "not requested yet" if status is None else status.state
    pairs = [
        ("job", text(request_id)),
        ("model", text(model_id or "unknown")),
        (
            "last status",
            text(state if place is None else f"{state}, position {place} in the queue"),
        ),
        ("resume with", f"<code>{text(resume_line(request_id, model_id))}</code>"),
    ]
    return f"<div>{facts(pairs)}</div>"


def _facts(
    result: ShownResult, files: Sequence[File], hosts: AllowedHosts
) -> Iterator[tuple[str, str]]:
    """Name and HTML of each known fact."""
    if result.model_id is not None:
        yield "model", text(result.model_id)
    yield "request id", text(result.request_id)
    status = result.raw.get("status")
    yield "status", text(status if isinstance(status, str) else "not reported")
    if result.cost is not None:
        yield "cost", text(f"{result.cost:g} USD")
    taken = _seconds(result)
    if taken is not None:
        yield "time", text(f"{taken:,.1f} s")
    for file in files:
        yield file.kind, _link(file, hosts)


def _medium(file: File, hosts: AllowedHosts, fetched: Fetched, budget: EmbeddingBudget) -> str:
    """The file's content if it is available locally and small enough, else its URL."""
    content = _data(file.url) if is_data(file.url) else fetched.content(file.url)
    embedded = budget.embedded(content, file.name) if content else ""
    if embedded:
        return embedded
    address = _safe(file.url, hosts)
    return medium(file.kind, address, file.name) if address else ""


def _data(url: str) -> bytes | None:
    """The content of a data URI that can be small enough: base64 takes four characters for three bytes."""
    return content_of(url) if len(url) < EMBEDDED_BYTES * 4 else None


def _link(file: File, hosts: AllowedHosts) -> str:
    """A link to a file of an allowed host; the bare text of any other address."""
    if is_data(file.url):
        return text(f"{file.name} (inline)")
    address = _safe(file.url, hosts)
    if not address:
        return text(hidden(file.url))
    link = f'<a href="{attribute(address)}" rel="noopener noreferrer" target="_blank" style="color:inherit">'
    return f"{link}{text(file.name)}</a>"


def _safe(url: str, hosts: AllowedHosts) -> str:
    """The checked address, if files are fetched from there and it does not hold the token; else empty."""
    try:
        return hosts.check(url) if hidden(url) == url else ""
    except Refusal:
        return ""


def _seconds(result: ShownResult) -> float | None:
    """The seconds between acceptance and completion."""
    start, end = result.created_at, result.finished_at
    if start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None):
        return None
    return max((end - start).total_seconds(), 0.0)
