"""``ModelId``: a model id that is safe as a folder, a URL path and a class name."""

from __future__ import annotations

import string
from typing import Final

from runcomfy_codegen.errors import SourceError

__all__ = ["ModelId", "parse_model_id"]

_ALLOWED: Final = frozenset(string.ascii_letters + string.digits + " ._-")
_LONGEST: Final = 200

#: Names of a model's files, which lie next to the folders of models whose ids continue its id.
_FILES: Final = frozenset(
    {
        "input.json",
        "output.json",
        "example.json",
        "source.json",
        "overrides.json",
        "catalogue.json",
        "deprecated.json",
    }
)

#: Windows opens a device instead of a folder, whatever the extension.
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul"}
    | {f"com{digit}" for digit in range(10)}
    | {f"lpt{digit}" for digit in range(10)}
)

_ADVICE: Final = (
    "A model id has the form owner/model or owner/model/variant: two or more segments of letters, "
    "digits, spaces, '.', '_' and '-'. Pass --model-id if the page's own id is wrong."
)


class ModelId(str):
    """A model id that is safe as a relative path; made by `parse_model_id` only."""

    __slots__ = ()

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts between the slashes, each the name of one folder."""
        return tuple(self.split("/"))


def parse_model_id(text: str, place: str) -> ModelId:
    """The id that ``text`` is; a `SourceError` at ``place`` if it is none."""
    problem = _problem(text)
    if problem is not None:
        shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
        raise SourceError(place, f"{shown!r} is not a model id: {problem}", _ADVICE)
    return ModelId(text)


def _problem(text: str) -> str | None:
    if not text:
        return "it is empty"
    if len(text) > _LONGEST:
        return f"it is longer than {_LONGEST} characters"
    segments = text.split("/")
    if len(segments) < 2:
        return "it has no '/', so the owner or the model is missing"
    return next(filter(None, map(_segment_problem, segments)), None)


def _segment_problem(segment: str) -> str | None:
    if not segment:
        return "it has an empty segment (a '/' at an end, or two in a row)"
    if not _ALLOWED.issuperset(segment):
        strange = next(char for char in segment if char not in _ALLOWED)
        return f"{strange!r} is not allowed in it"
    if segment[0] in " ." or segment[-1] in " .":
        return f"the segment {segment!r} starts or ends with a dot or a space"
    if segment.lower() in _FILES:
        return f"the segment {segment!r} is the name of a file that is stored with a model"
    if segment.lower().partition(".")[0].rstrip(" ") in _DEVICES:
        return f"the segment {segment!r} is a device name on Windows"
    return None
