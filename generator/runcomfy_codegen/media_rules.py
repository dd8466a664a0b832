"""Media inputs of a schema, and their ``validations``: rules about the file behind a URL."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

__all__ = ["MEDIA_FORMAT", "URI_FORMAT", "KNOWN_METRICS", "Rule", "media_kind", "read_rules"]

#: ``image_uri``, ``video_uris``, and longer private ones such as ``image_uri_with_mask_…``.
MEDIA_FORMAT = re.compile(r"(image|video|audio)_uris?(_|$)")
#: A URL of anything; nothing more is known of it.
URI_FORMAT = re.compile(r"uri$|uris$")

_RULE = re.compile(r"(?P<metric>[^<>=\s]+)\s*(?P<operator>[<>])")

#: The metrics that the runtime measures. Others are kept and reported as unchecked.
KNOWN_METRICS = {"file_size_mb", "width_pixels", "height_pixels", "width/height"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule about a file: ``metric`` ``operator`` ``limit``, and the page's words for it."""

    metric: str
    operator: str
    limit: float
    wording: str


def media_kind(format_: object) -> str | None:
    """What a format says about the file behind the URL: image, video, audio, or nothing."""
    match = MEDIA_FORMAT.match(format_) if isinstance(format_, str) else None
    return match[1] if match else None


def read_rules(validations: object) -> tuple[list[Rule], list[tuple[int, str, str]]]:
    """The rules, and for each entry that holds none, or an unknown metric: (index, subject, why)."""
    if not isinstance(validations, list):
        return [], [(0, "validations", "is no list of rules; not checked")]
    rules: list[Rule] = []
    faults: list[tuple[int, str, str]] = []
    for i, entry in enumerate(validations):
        rule = _read(entry)
        if rule is None:
            subject = entry.get("validation_rule") if isinstance(entry, dict) else None
            faults.append((i, str(subject)[:60], "is a rule nobody knows; not checked"))
            continue
        rules.append(rule)
        if rule.metric not in KNOWN_METRICS:
            text = "measures something unknown; reported as unchecked at run time"
            faults.append((i, rule.metric + rule.operator, text))
    return rules, faults


def _read(entry: object) -> Rule | None:
    if not isinstance(entry, dict):
        return None
    name, limit = entry.get("validation_rule"), entry.get("validation_value")
    wording = entry.get("validation_error", "")
    match = _RULE.fullmatch(name) if isinstance(name, str) else None
    if match is None or isinstance(limit, bool) or not isinstance(limit, (int, float)):
        return None
    if isinstance(limit, float) and not math.isfinite(limit):
        return None
    return Rule(
        match["metric"], match["operator"], limit, wording if isinstance(wording, str) else ""
    )
