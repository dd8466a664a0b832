"""``OutputOptions``: the requested properties of an output, read from inputs with many names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runcomfy.model.request import Request
from runcomfy.model.schema_files import read_schemas

__all__ = ["OutputOptions", "kind_of_field", "output_schema", "read_output_options"]

#: Words in a model id, or in the name of an output -> the kind of file.
_KINDS = {
    "image": "image",
    "images": "image",
    "photo": "image",
    "video": "video",
    "videos": "video",
    "animate": "video",
    "audio": "audio",
    "audios": "audio",
    "speech": "audio",
    "tts": "audio",
    "music": "audio",
    "song": "audio",
    "voice": "audio",
    "sound": "audio",
}
#: Formats by name, each with its kind of file.
_FORMATS = {
    "png": ("image", "png"),
    "jpeg": ("image", "jpeg"),
    "jpg": ("image", "jpeg"),
    "webp": ("image", "webp"),
    "mp4": ("video", "mp4"),
    "mp3": ("audio", "mp3"),
    "wav": ("audio", "wav"),
}
_DEFAULT_FORMATS = {"image": "png", "video": "mp4", "audio": "wav"}

_TEXTS = ("prompt", "promptText", "prompt_text", "text", "tags", "lyrics")
_COUNTS = ("n", "num_images", "num_outputs", "num_samples", "number_of_images", "numImages")
_MOST = 10

#: "1024x1536", "1280*720 (16:9)"; and "1280:720", which is too large for a ratio.
_PIXELS = re.compile(r"(\d{2,5})\s*[x*×]\s*(\d{2,5})|(\d{3,5})\s*[:_]\s*(\d{3,5})", re.IGNORECASE)
_RATIO = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*[:_/]\s*(\d{1,2}(?:\.\d+)?)")
_LINES = re.compile(r"(\d{3,4})\s*p\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"\b([1-8])\s*k\b", re.IGNORECASE)

#: The limits of an image's sides: a payload cannot request more memory than for a 4K image.
_SMALLEST, _LARGEST = 16, 4096


@dataclass(frozen=True)
class OutputOptions:
    """The request: ``count`` files of a kind and format, ``size`` in pixels, displaying ``text``."""

    kind: str
    format: str
    count: int
    size: tuple[int, int]
    text: str
    transparent: bool


def read_output_options(cls: type[Request[Any]], payload: dict[str, Any]) -> OutputOptions:
    """The options in a payload of the model; unknown values are ignored."""
    kind = _kind(cls)
    return OutputOptions(
        kind,
        _format(payload, kind),
        _count(payload),
        _size(payload),
        _text(payload),
        payload.get("background") == "transparent",
    )


def output_schema(cls: type[Request[Any]]) -> dict[str, Any]:
    """The properties of the model's output schema."""
    # A subclass of the user's own may live anywhere; the check lies beside the schema.
    schema = read_schemas(cls._check.__module__).get("output") or {}
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def kind_of_name(name: str) -> str | None:
    """The kind of file that a name speaks of; in ``image-to-video`` the last word decides."""
    words = re.split(r"[^a-z]+", name.lower())
    return next((_KINDS[word] for word in reversed(words) if word in _KINDS), None)


def kind_of_field(name: str, field: object) -> str | None:
    """The kind of file in an output field, by its name or else by its format."""
    if not isinstance(field, dict):
        return kind_of_name(name)
    items = field.get("items")
    formats = [one.get("format") for one in (field, items) if isinstance(one, dict)]
    said = (kind_of_name(text) for text in (name, *formats) if isinstance(text, str))
    return next(filter(None, said), None)


def _kind(cls: type[Request[Any]]) -> str:
    """``image``, ``video`` or ``audio``, by the output schema; if it allows several, by the id."""
    fields = output_schema(cls).items()
    offered = list(dict.fromkeys(filter(None, (kind_of_field(*field) for field in fields))))
    if len(offered) == 1:
        return offered[0]
    named = kind_of_name(cls.model_id)
    if named is None and cls._known & {"duration", "num_frames", "fps"}:
        named = "video"
    return named or (offered[0] if offered else "image")


def _format(payload: dict[str, Any], kind: str) -> str:
    for value in _named(payload, "format"):
        # "mp3_44100_128" is a format of a speech model.
        known = _FORMATS.get(re.split(r"[^a-z0-9]", str(value).lower())[0])
        if known and known[0] == kind:
            return known[1]
    return _DEFAULT_FORMATS[kind]


def _count(payload: dict[str, Any]) -> int:
    for name in _COUNTS:
        value = payload.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return min(max(value, 1), _MOST)
    return 1


def _size(payload: dict[str, Any]) -> tuple[int, int]:
    """Width and height: from the inputs, else from an aspect ratio and a resolution."""
    sides = payload.get("width"), payload.get("height")
    if all(isinstance(side, int) and not isinstance(side, bool) for side in sides):
        return _within(sides[0] or 0, sides[1] or 0)
    said = [str(value) for value in _named(payload, "size", "resolution", "dimensions", "ratio")]
    for text in said:
        pixels = _PIXELS.search(text)
        if pixels:
            return _within(int(pixels[1] or pixels[3]), int(pixels[2] or pixels[4]))
    ratio = next(filter(None, map(_ratio, said)), 1.0)
    for text in said:
        if lines := _LINES.search(text):  # "720p" counts the shorter side
            short = int(lines[1])
            return _within(short * max(ratio, 1), short * max(1 / ratio, 1))
    thousands = next(filter(None, map(_THOUSANDS.search, said)), None)
    side = 1024 * (int(thousands[1]) if thousands else 1)
    return _within(side * math.sqrt(ratio), side / math.sqrt(ratio))


def _ratio(text: str) -> float | None:
    found = _RATIO.search(text)
    if not found or not float(found[1]) or not float(found[2]):
        return None
    ratio = float(found[1]) / float(found[2])
    return 1 / ratio if "portrait" in text and ratio > 1 else ratio  # "portrait_16_9" is 9:16


def _within(width: float, height: float) -> tuple[int, int]:
    shrink = min(1.0, _LARGEST / max(width, height, 1))
    return max(round(width * shrink), _SMALLEST), max(round(height * shrink), _SMALLEST)


def _text(payload: dict[str, Any]) -> str:
    for name in _TEXTS:
        value = payload.get(name)
        if isinstance(value, str) and value:
            return value
    texts = [v for v in payload.values() if isinstance(v, str) and "://" not in v]
    return max(texts, key=len, default="")


def _named(payload: dict[str, Any], *words: str) -> Iterator[Any]:
    """The inputs whose names contain one of the words."""
    for name, value in payload.items():
        if any(word in name.lower() for word in words):
            yield value
