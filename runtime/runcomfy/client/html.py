"""A result as HTML, for notebooks. All that comes from outside is escaped; media come from allowed hosts only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

from runcomfy.protocol.allowed_hosts import AllowedHosts, Refusal
from runcomfy.redaction import clean

if TYPE_CHECKING:
    from runcomfy.downloads.file import File

__all__ = ["html_of"]


class ShownResult(Protocol):
    """What is shown of a ``Result`` or an ``AsyncResult``."""

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


_SIZE = "max-width:320px;max-height:320px;margin:4px 8px 4px 0"
#: What shows a file of each kind. A browser tells nobody where the notebook is.
_SHOWN_AS = {
    "image": '<img src="{url}" alt="{name}" style="{size}" loading="lazy" referrerpolicy="no-referrer">',
    "video": '<video src="{url}" title="{name}" style="{size}" controls preload="metadata"></video>',
    "audio": '<audio src="{url}" title="{name}" controls preload="none"></audio>',
}
_LONGEST = 2_000


def html_of(result: ShownResult, files: Sequence[File], hosts: AllowedHosts) -> str:
    """The result's pictures, videos and sounds, then a table: model, status, cost, time, files."""
    media = "".join(_medium(file, hosts) for file in files)
    facts = "".join(
        f'<tr><th style="text-align:left">{escape(name)}</th><td style="text-align:left">{told}</td></tr>'
        for name, told in _facts(result, files, hosts)
    )
    return f"<div><div>{media}</div><table>{facts}</table></div>"


def _facts(
    result: ShownResult, files: Sequence[File], hosts: AllowedHosts
) -> Iterator[tuple[str, str]]:
    """Name and HTML of each fact that is known."""
    if result.model_id is not None:
        yield "model", _text(result.model_id)
    yield "request id", _text(result.request_id)
    status = result.raw.get("status")
    yield "status", _text(status if isinstance(status, str) else "not told")
    if result.cost is not None:
        yield "cost", _text(f"{result.cost:g}")
    taken = _seconds(result)
    if taken is not None:
        yield "time", _text(f"{taken:,.1f} s")
    for file in files:
        yield file.kind, _link(file, hosts)


def _medium(file: File, hosts: AllowedHosts) -> str:
    address, form = _safe(file.url, hosts), _SHOWN_AS.get(file.kind)
    if not address or form is None:
        return ""
    return form.format(url=escape(address), name=escape(file.name), size=_SIZE)


def _link(file: File, hosts: AllowedHosts) -> str:
    """A link to a file of an allowed host; the bare text of any other address."""
    address = _safe(file.url, hosts)
    if not address:
        return _text(file.url)
    return f'<a href="{escape(address)}" rel="noopener noreferrer" target="_blank">{_text(file.name)}</a>'


def _safe(url: str, hosts: AllowedHosts) -> str:
    """The checked address, if files are fetched from there; else empty."""
    try:
        return hosts.check(url)
    except Refusal:
        return ""


def _seconds(result: ShownResult) -> float | None:
    """From when the service took the request to when it was done with it."""
    start, end = result.created_at, result.finished_at
    if start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None):
        return None
    return max((end - start).total_seconds(), 0.0)


def _text(value: str) -> str:
    return escape(clean(value, _LONGEST))
