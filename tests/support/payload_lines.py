"""Payloads of one model as lines, and what ``validate_lines`` finds in them."""

from __future__ import annotations

import json
from typing import Any

from runcomfy import Report, validate_lines

WAN = "wan-ai/wan-2-6/image-to-image"
URL = "https://example.com/a.png"
GOOD: dict[str, Any] = {"prompt": "two monsters", "image_urls": [URL]}


def line(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode() + b"\n"


def found(lines: Any, model: Any = WAN, **options: Any) -> dict[int, Report]:
    return dict(validate_lines(model, lines, **options))
