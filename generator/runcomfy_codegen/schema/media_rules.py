"""Reading the ``validations`` of a media input: the rules about the file behind a URL."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from runcomfy.media.rules.metrics import problem

__all__ = ["MEDIA_FORMAT", "URI_FORMAT", "SchemaRule", "media_kind", "read_rules"]

#: ``image_uri``, ``video_uris``, and longer private ones such as ``image_uri_with_mask_…``.
MEDIA_FORMAT = re.compile(r"(image|video|audio)_uris?(_|$)")
#: A URL of anything; nothing more is known of it.
URI_FORMAT = re.compile(r"uri$|uris$")

#: A metric and one trailing operator, known or not.
_RULE = re.compile(r"(?P<metric>[^<>=!]+)(?P<operator>[<>=!]*)")
#: The longest rule that is kept.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class SchemaRule:
    """One rule about a file: ``metric`` ``operator`` ``limit``, and the page's words for it."""

    metric: str
    operator: str
    limit: float | str
    wording: str


def media_kind(format_: object) -> str | None:
    """The kind of file that a format denotes: image, video, audio, or nothing."""
    match = MEDIA_FORMAT.match(format_) if isinstance(format_, str) else None
    return match[1] if match else None


def read_rules(validations: object) -> tuple[list[SchemaRule], list[tuple[int, str, str]]]:
    """The rules, and what cannot be checked of them: (index, subject, why) for each.

    A rule with an unknown metric or operator is kept; the runtime reports it as unchecked.
    """
    if not isinstance(validations, list):
        return [], [(0, "validations", "is not a list of rules; not checked")]
    rules: list[SchemaRule] = []
    faults: list[tuple[int, str, str]] = []
    for i, entry in enumerate(validations):
        rule = _read(entry)
        if rule is None:
            faults.append((i, "validations", "contains a rule without a name; not checked"))
            continue
        rules.append(rule)
        why = problem(rule.metric, rule.operator, rule.limit)
        if why:
            text = f"{why[:_LONGEST]}; reported as unchecked at run time"
            faults.append((i, (rule.metric + rule.operator)[:60], text))
    return rules, faults


def _read(entry: object) -> SchemaRule | None:
    name = entry.get("validation_rule") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(name, str) or not name.strip():
        return None
    name, wording = "".join(name.split())[:_LONGEST], entry.get("validation_error", "")
    match = _RULE.fullmatch(name)
    metric, operator = match.groups() if match else (name, "")
    limit = _limit(entry.get("validation_value"))
    return SchemaRule(metric, operator, limit, wording if isinstance(wording, str) else "")


def _limit(value: object) -> float | str:
    """A number, or a text, or texts side by side, such as the formats that are allowed; else ``""``."""
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return "" if isinstance(value, float) and not math.isfinite(value) else value
