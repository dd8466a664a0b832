"""Whether a file is of the kind that an input takes (image, video or audio), by its first bytes."""

from __future__ import annotations

from runcomfy.media.formats import FORMATS
from runcomfy.media.probe import UNKNOWN_FORMAT
from runcomfy.media.rules.metrics import problem
from runcomfy.model.media import is_data
from runcomfy.model.messages import show
from runcomfy.model.violation import Violation

from .report import Unchecked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runcomfy.media.probe import MediaInfo
    from runcomfy.model.media import MediaInput, MediaRule

    from .report import FileReport, Report

__all__ = ["check_kind"]

_WANTED = {"image": "an image", "video": "a video", "audio": "an audio file"}


def check_kind(media: MediaInput, found: FileReport, report: Report) -> None:
    """Add an error for a file that is definitely of another kind or truncated; a warning if unclear."""
    info, pointer = found.info, found.pointer
    if info.format is None and info.reason != UNKNOWN_FORMAT:
        if not media.rules:  # a requested inspection that failed
            unchecked = Unchecked(pointer, "file-kind", info.reason, found.url)
            report.unchecked.append(unchecked)
            found.unchecked.append(unchecked)
        return
    wanted = _WANTED.get(media.kind)
    if wanted is None:  # the input takes any file
        return
    message = "" if info.format is None else _fault(media.kind, wanted, info)
    if message:
        named = "" if is_data(found.url) else f"{show(found.url)} "
        message = named + message
        report.errors.append(Violation(pointer, "file-kind", found.url, media.kind, message))
        found.broken.append("file-kind")
        return
    doubt = _doubt(media, wanted, info)
    if doubt:
        report.warnings.append(Violation(pointer, "file-unknown", found.url, media.kind, doubt))
        found.unclear.append("file-unknown")


def _doubt(media: MediaInput, wanted: str, info: MediaInfo) -> str:
    if info.format is None:
        return f"may not be {wanted}: its first bytes match no known format"
    known = FORMATS[info.format]
    if not known.rare or any(map(_decides, media.rules)):
        return ""
    return f"may not be accepted: it is {known.words}, which few models read"


def _decides(rule: MediaRule) -> bool:
    """Whether a rule of the input says which formats it takes."""
    return "format" in rule.metric and not problem(rule.metric, rule.operator, rule.limit)


def _fault(kind: str, wanted: str, info: MediaInfo) -> str:
    known = FORMATS[info.format or ""]
    if kind not in _kinds(info):
        return f"must be {wanted}, but it is {known.words}"
    if info.damaged:
        return f"must be {wanted} that can be read: it begins like {known.words}, but {info.reason}"
    return ""


def _kinds(info: MediaInfo) -> frozenset[str | None]:
    """The possible kinds of the file: a container with unknown streams may be of either kind."""
    streams_known = (info.kind == "audio" and info.duration is not None) or info.width is not None
    if streams_known:
        return frozenset({info.kind})
    return frozenset({*FORMATS[info.format or ""].kinds, info.kind})
