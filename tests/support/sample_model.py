"""A model as the generator would write it, with the media inputs that the five pages do not have."""

from __future__ import annotations

from typing import Any, ClassVar

from runcomfy.model import UNSET, MediaInput, MediaRule, Output, Request, Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from runcomfy.model import Unset


class SampleOutput(Output):
    """What the model returns."""

    __slots__ = ()


def check(payload: Any) -> list[Violation]:
    """Find every violation in a payload."""
    if payload.__class__ is not dict:
        return [Violation("", "type", payload, "object")]
    found: list[Violation] = []
    value = payload.get("strength", UNSET)
    if value.__class__ is int:
        if value > 2**64:
            found.append(Violation("/strength", "maximum", value, 2**64))
    elif value is not UNSET and value.__class__ is not float:
        found.append(Violation("/strength", "type", value, "number"))
    return found


class Sample(Request[SampleOutput]):
    """A request with media inputs of every shape."""

    __slots__ = ()
    model_id = "tests/sample"
    output_type = SampleOutput

    image: str | Unset = UNSET
    pair: Sequence[str] | Unset = UNSET
    loras: Sequence[dict[str, Any]] | Unset = UNSET
    clip: str | Unset = UNSET
    strength: float | Unset = UNSET

    _check = staticmethod(check)
    _media = (
        MediaInput(
            ("image",),
            "image",
            (
                MediaRule("width/height", ">", 0.5, "At least half as wide as high."),
                MediaRule("width/height", "<", 2, "At most twice as wide as high."),
            ),
        ),
        MediaInput(("pair",), "image", (MediaRule("width_pixels", ">", 14, "Must exceed 14."),)),
        MediaInput(("loras", "path"), "file", (MediaRule("file_size_mb", "<", 1, ""),)),
        MediaInput(("clip",), "video", (MediaRule("duration_s", "<", 5, "Under 5 s."),)),
    )
    _example: ClassVar = {"image": "https://example.com/a.png"}
