"""``resolve``: uploads the local files of a request without submitting it."""

from __future__ import annotations

import json
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import anyio.to_thread

from runcomfy.errors import ValidationError
from runcomfy.model.json_values import to_plain
from runcomfy.model.request import check_payload

from .inline import DataUri
from .opened_files import OpenedFiles
from .uploader import AsyncUploader, Uploader, check_uploader, send, send_async

if TYPE_CHECKING:
    from runcomfy.model.request import Request

    RequestT = TypeVar("RequestT", bound=Request[Any])

__all__ = ["check_room", "resolve", "resolve_async"]


def resolve(
    request: RequestT, uploader: Uploader | None = None, *, timeout: float | None = None
) -> RequestT:
    """The request with each local file replaced by its URL. File rules are not checked.

    Raises ``UploadFailed`` if a file cannot be read or uploaded, ``DeadlineExceeded`` after
    ``timeout`` seconds, and ``ValidationError`` where the URLs are none that the schema allows.

    >>> request = resolve(GptImage2Edit(prompt="add a hat", images=[Path("cat.png")]), uploader)
    >>> request.payload()["images"]
    ['https://…']
    """
    uploader = uploader or DataUri()
    check_uploader(uploader, blocking=True)
    with OpenedFiles(request._media, to_plain(request._inputs)) as files:
        files.require_all()
        check_room(uploader, files)
        return _with_urls(request, files.with_urls(send(uploader, files.each, _ends(timeout))))


async def resolve_async(
    request: RequestT, uploader: AsyncUploader | None = None, *, timeout: float | None = None
) -> RequestT:
    """The same as ``resolve``, on asyncio and trio; the uploader may be an async function."""
    uploader = uploader or DataUri()
    check_uploader(uploader, blocking=False)
    ends = _ends(timeout)
    payload = to_plain(request._inputs)
    with await anyio.to_thread.run_sync(OpenedFiles, request._media, payload) as files:
        files.require_all()
        await anyio.to_thread.run_sync(check_room, uploader, files)
        return _with_urls(request, files.with_urls(await send_async(uploader, files.each, ends)))


def check_room(uploader: AsyncUploader, files: OpenedFiles) -> None:
    """Raise ``UploadFailed`` if the uploader knows in advance that the files are too large."""
    if isinstance(uploader, DataUri):
        rest = files.with_urls(dict.fromkeys(files.each, ""))
        uploader.check_room(files.places, len(json.dumps(rest, separators=(",", ":"))))


def _ends(timeout: float | None) -> float:
    return inf if timeout is None else monotonic() + timeout


def _with_urls(request: RequestT, payload: dict[str, Any]) -> RequestT:
    violations = check_payload(type(request), payload)
    if violations:
        raise ValidationError(request.model_id, violations)
    return request._trusted(payload)
