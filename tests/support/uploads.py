"""Pictures, a service, and what became of the files in the payload that reached it."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

from PIL import Image

from support.callers import BACKENDS
from support.scripted_server import ScriptedServer

__all__ = ["CALLERS", "WAN", "content_of", "picture", "saved", "sent"]

#: Every client and event loop; how calls travel does not matter to files.
CALLERS = ["sync", *BACKENDS]
WAN = "wan-ai/wan-2-6/image-to-image"


def picture(width: int = 400, height: int = 400, colour: str = "red", kind: str = "PNG") -> bytes:
    """A real picture; one of 400 x 400 keeps the rules of wan-2-6."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, kind)
    return file.getvalue()


def saved(folder: Path, name: str = "cat.png", **facts: Any) -> Path:
    path = folder / name
    path.write_bytes(picture(**facts))
    return path


def sent(server: ScriptedServer) -> dict[str, Any]:
    """The payload of the one submit."""
    (body,) = [asked.body for asked in server.asked if asked.action == "submit"]
    payload: dict[str, Any] = json.loads(body)
    return payload


def content_of(uri: str) -> tuple[str, bytes]:
    """The media type and the content of a base64 data URI."""
    head, _, body = uri.partition(",")
    assert head.startswith("data:")
    assert head.endswith(";base64")
    return head[5:-7], b64decode(body, validate=True)
