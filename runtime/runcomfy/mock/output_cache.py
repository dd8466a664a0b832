"""The outputs of finished jobs: documents with URLs, and their files."""

from __future__ import annotations

import struct
import zlib
from collections import OrderedDict
from threading import Lock
from typing import Any
from urllib.parse import quote

from runcomfy.model.registry import find_served
from runcomfy.model.request import Request

from .fake_output import MadeFile
from .jobs import MockJob
from .settings import MakeOutput

__all__ = ["OutputCache", "small_output"]

#: The number of jobs whose files are cached; others are generated again on request.
_KEPT = 64


class OutputCache:
    """Generates the outputs of jobs on request."""

    def __init__(self, make: MakeOutput) -> None:
        self._make = make
        self._lock = Lock()
        self._made: OrderedDict[str, tuple[dict[str, Any], list[MadeFile]]] = OrderedDict()

    def document(self, job: MockJob, base: str) -> Any:
        """The output of the job; its files are at ``base``."""
        document, _ = self._of(job)
        return _addressed(document, f"{base}/files/{job.request_id}/")

    def file(self, job: MockJob, name: str) -> MadeFile | None:
        """A file of the job."""
        _, files = self._of(job)
        return next((file for file in files if file.name == name), None)

    def _of(self, job: MockJob) -> tuple[dict[str, Any], list[MadeFile]]:
        with self._lock:
            made = self._made.get(job.request_id)
            if made is None:
                cls = find_served(job.model_id)
                made = self._make(cls, job.payload, request_id=job.request_id)
                self._made[job.request_id] = made
                if len(self._made) > _KEPT:
                    self._made.popitem(last=False)
            return made


def _addressed(part: Any, folder: str) -> Any:
    if isinstance(part, str) and part.startswith("{file:") and part.endswith("}"):
        return folder + quote(part[6:-1], safe="")
    if isinstance(part, list):
        return [_addressed(one, folder) for one in part]
    if isinstance(part, dict):
        return {name: _addressed(one, folder) for name, one in part.items()}
    return part


def small_output(
    _cls: type[Request[Any]], _payload: dict[str, Any], *, request_id: str
) -> tuple[dict[str, Any], list[MadeFile]]:
    """One image of one pixel for any model: a fast output for tests that ignore files.

    >>> mock_service(make_output=small_output)
    """
    colour = zlib.crc32(request_id.encode()).to_bytes(4, "big")[:3]
    picture = MadeFile("image-1.png", "image/png", _pixel(colour))
    return {"image": "{file:image-1.png}"}, [picture]


def _pixel(colour: bytes) -> bytes:
    """A PNG of one pixel."""
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" + colour)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
