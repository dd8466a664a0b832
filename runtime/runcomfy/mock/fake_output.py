"""Generating outputs: a document in the shape of the model's output, and real files for it.

The same payload and request id give the same bytes, so files are not stored.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from runcomfy.model.request import Request

from .clips import film, sound
from .output_options import OutputOptions, kind_of_field, output_schema, read_output_options
from .pictures import draw, encode

__all__ = ["MadeFile", "make_output"]

_CONTENT_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
}
#: The longer side of a video in pixels: larger ones take seconds to encode.
_LARGEST_VIDEO = 640


@dataclass(frozen=True)
class MadeFile:
    """A file of an output. The document refers to it as ``{file:NAME}``."""

    name: str
    content_type: str
    content: bytes


def make_output(
    cls: type[Request[Any]], payload: dict[str, Any], *, request_id: str
) -> tuple[dict[str, Any], list[MadeFile]]:
    """The output of a request to the model, and its files.

    >>> document, files = make_output(GptImage2Edit, payload, request_id="r1")
    >>> document, files[0].name
    ({'image': '{file:image-1.png}'}, 'image-1.png')
    """
    wishes = read_output_options(cls, payload)
    hue = _hue(payload, request_id)
    files = [
        MadeFile(
            f"{wishes.kind}-{number}.{wishes.format}",
            _CONTENT_TYPES[wishes.format],
            _content(
                wishes, cls.model_id, _notes(payload, wishes, request_id, number), hue, number
            ),
        )
        for number in range(1, wishes.count + 1)
    ]
    return _document(output_schema(cls), wishes.kind, files), files


def _content(wishes: OutputOptions, title: str, notes: str, hue: float, number: int) -> bytes:
    hue = (hue + 0.13 * (number - 1)) % 1
    if wishes.kind == "audio":
        return sound(hue, wishes.format)
    size = _video_size(wishes.size) if wishes.kind == "video" else wishes.size
    transparent = wishes.transparent and wishes.format in {"png", "webp"}
    picture = draw(size, title, wishes.text, notes, hue, transparent=transparent)
    return film(picture, hue) if wishes.kind == "video" else encode(picture, wishes.format)


def _document(properties: dict[str, Any], kind: str, files: list[MadeFile]) -> dict[str, Any]:
    """The document: one file in a field for one, several in a field for several."""
    places = [f"{{file:{file.name}}}" for file in files]
    fields = {
        name: field for name, field in properties.items() if kind_of_field(name, field) == kind
    }
    fields = fields or {name: field for name, field in properties.items() if _holds_address(field)}
    lists = [name for name in fields if _type(fields[name]) == "array"]
    singles = [name for name in fields if name not in lists]
    if singles and (len(places) == 1 or not lists):
        return {singles[0]: _filled(fields[singles[0]], places[0])}
    if lists:
        items = fields[lists[0]].get("items")
        return {lists[0]: [_filled(items, place) for place in places]}
    return {kind: places[0]} if len(places) == 1 else {f"{kind}s": places}


def _holds_address(field: object) -> bool:
    """Whether a field is for an address, itself or somewhere inside."""
    if not isinstance(field, dict):
        return False
    if str(field.get("format", "")).endswith(("uri", "url", "uris", "urls")):
        return True
    return any(map(_holds_address, [field.get("items"), *_members(field).values()]))


def _filled(field: object, place: str) -> object:
    """The value of a field, with the URL in the place for one."""
    if _type(field) == "array":
        return [_filled(field.get("items"), place)] if isinstance(field, dict) else [place]
    if _type(field) != "object":
        return place
    members = _members(field)
    name = next((name for name, member in members.items() if _holds_address(member)), "url")
    return {name: _filled(members.get(name), place)}


def _members(field: object) -> dict[str, Any]:
    members = field.get("properties") if isinstance(field, dict) else None
    return members if isinstance(members, dict) else {}


def _type(field: object) -> str:
    return str(field.get("type", "")).lower() if isinstance(field, dict) else ""


def _video_size(size: tuple[int, int]) -> tuple[int, int]:
    """Sides that are even, as video codecs want them, and not too long."""
    shrink = min(1.0, _LARGEST_VIDEO / max(size))
    width, height = (max(round(side * shrink / 2) * 2, 64) for side in size)
    return width, height


def _notes(payload: dict[str, Any], wishes: OutputOptions, request_id: str, number: int) -> str:
    others = ", ".join(
        f"{name}: {value}"
        for name, value in payload.items()
        if isinstance(value, (str, int, float)) and value != wishes.text and "://" not in str(value)
    )
    of = f" ({number} of {wishes.count})" if wishes.count > 1 else ""
    return f"mock of request {request_id}{of}" + (f"; {others}" if others else "")


def _hue(payload: dict[str, Any], request_id: str) -> float:
    """A number from 0 to 1 that varies the look, so that outputs differ visibly."""
    text = json.dumps([payload, request_id], sort_keys=True)
    return hashlib.sha256(text.encode()).digest()[0] / 256
