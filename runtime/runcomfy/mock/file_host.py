"""Serving a made file as a file host does: with ETag, Range and If-Range."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from starlette.responses import Response

from .fake_output import MadeFile

__all__ = ["serve_file"]

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def serve_file(file: MadeFile, asked: Mapping[str, str]) -> Response:
    """The response with the file, or with the requested range of it."""
    content = file.content
    etag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    if asked.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    part = _part(asked.get("range", ""), len(content))
    if part is None or asked.get("if-range", etag) != etag:
        return Response(content, media_type=file.content_type, headers=headers)
    if part.start >= part.stop:
        return Response(
            status_code=416, headers={**headers, "Content-Range": f"bytes */{len(content)}"}
        )
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(content)}"
    return Response(content[part.start : part.stop], 206, headers, file.content_type)


def _part(header: str, size: int) -> range | None:
    """The bytes of a single range; ``None`` if the whole file is sent."""
    found = _RANGE.fullmatch(header.strip())
    if not found or found.groups() == ("", ""):
        return None  # several ranges at once are sent as the whole, which is allowed
    first, last = found.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    return range(int(first), min(int(last) + 1, size) if last else size)
