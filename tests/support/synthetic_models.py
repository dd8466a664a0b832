"""Made models in any number: each with what real schemas have, and the traps of real ones in about their proportion.

The same seed gives the same models. Every schema is one that the generator takes.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["SyntheticModel", "catalogue_entries", "synthetic_models", "write_models"]

JSON = dict[str, Any]

_VERBS = (
    "text-to-image",
    "image-to-image",
    "text-to-video",
    "image-to-video",
    "edit",
    "upscale",
    "lipsync",
    "tts",
)
_FAMILIES = (
    "wan",
    "flux",
    "kling",
    "seedream",
    "hailuo",
    "veo",
    "gpt-image",
    "qwen",
    "runway",
    "pixverse",
)
_WORDS = "the light falls softly over an old harbour while gulls circle above painted boats and quiet water".split()
_RATIOS = ["1:1", "3:2", "2:3", "4:3", "3:4", "16:9", "9:16", "21:9", "1024*1024 (1:1)"]
_RULES = [
    ("file_size_mb<", 10, "The file must be less than 10 MB."),
    ("width_pixels>", 384, "Width must be at least 384 pixels."),
    ("height_pixels<", 5000, "Height must be at most 5000 pixels."),
    ("width/height>", 0.0625, "The aspect ratio must exceed 1:16."),
]


@dataclass(frozen=True)
class SyntheticModel:
    """A model's id and its documents, by the stem of their file names."""

    model_id: str
    documents: dict[str, JSON]


def synthetic_models(
    count: int, *, owners: int = 25, seed: int = 1, inputs: int = 8
) -> Iterator[SyntheticModel]:
    """So many models of so many owners, with about so many inputs each."""
    chance = random.Random(seed)  # noqa: S311  # the same models in every run, nothing secret
    for number in range(count):
        schema = _input_schema(chance, max(1, round(chance.gauss(inputs, 2))))
        documents = {"input": schema, "output": _output_schema(chance)}
        if chance.random() < 0.6:
            documents["example"] = _example(schema)
        yield SyntheticModel(_model_id(chance, number, owners), documents)


def write_models(folder: Path, count: int, **options: int) -> list[str]:
    """Store made models below ``folder`` as ``add`` would; their ids, in order."""
    ids = []
    for model in synthetic_models(count, **options):
        target = folder.joinpath(*model.model_id.split("/"))
        target.mkdir(parents=True)
        for name, document in model.documents.items():
            text = json.dumps(document, indent=2, ensure_ascii=False)
            (target / f"{name}.json").write_text(text, encoding="utf-8")
        ids.append(model.model_id)
    return ids


def catalogue_entries(count: int, **options: int) -> list[JSON]:
    """Made models as the service's catalogue lists them: keys sorted, no titles, formats on the arrays."""
    return [
        {
            "model_id": model.model_id,
            "display_name": model.model_id.rpartition("/")[2],
            "input_schema": _as_catalogue(model.documents["input"]),
        }
        for model in synthetic_models(count, **options)
    ]


def _as_catalogue(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_as_catalogue(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    copied = {name: _as_catalogue(schema[name]) for name in sorted(schema) if name != "title"}
    items = copied.get("items")
    if copied.get("type") == "array" and isinstance(items, dict) and "format" in items:
        copied["format"] = f"{items['format']}s"
        del copied["items"]
    return copied


def _model_id(chance: random.Random, number: int, owners: int) -> str:
    owner = f"owner-{number % owners}"
    name = f"{chance.choice(_FAMILIES)}-{chance.randrange(1, 4)}.{chance.randrange(10)}"
    kind = chance.random()
    if kind < 0.02:  # spaces and capitals
        return f"{owner}/Hailuo Video {number} Live"
    if kind < 0.05:  # leading digits
        return f"{owner}/{number}k/{chance.choice(_VERBS)}"
    if kind < 0.1:  # as many segments as there are
        return f"{owner}/{name}/{chance.choice(_VERBS)}/pro/v{number}"
    return f"{owner}/{name}-{number}/{chance.choice(_VERBS)}"


def _input_schema(chance: random.Random, inputs: int) -> JSON:
    makers = {
        "prompt": _prompt, "negative_prompt": _prompt, "image": _image, "image_urls": _images, "video_url": _video,
        "seed": _seed, "duration": _duration, "aspect_ratio": _ratio, "resolution": _resolution, "guidance": _number,
        "steps": _integer, "enable_safety_checker": _flag, "loras": _loras, "284_image": _image, "promptImage": _image,
        "style": _style, "quality": _nullable, "class": _style, "size": _size, "audio_url": _audio,
    }  # fmt: skip
    weights = [9, 5, 3, 3, 2, 6, 4, 4, 4, 3, 3, 4, 0.6, 0.3, 0.5, 2, 0.5, 0.1, 0.4, 1]
    names: dict[str, None] = {"prompt": None} if chance.random() < 0.95 else {"tags": None}
    while len(names) < inputs:
        names[chance.choices([*makers], weights)[0]] = None
    properties = {name: makers.get(name, _prompt)(chance) for name in names}
    for name, part in properties.items():
        part["title"] = name.replace("_", " ").title()
        part.setdefault("description", _description(chance, name))
        if chance.random() < 0.01:
            part[f"x-{chance.choice(('order', 'widget', 'group'))}"] = 1
    required = [name for name in list(names)[:3] if chance.random() < 0.7]
    if chance.random() < 0.02:  # a name that is no property
        required.append("gone")
    title = "Input" if chance.random() < 0.9 else "modelApiDoc_navInputSchema"
    return {"type": "object", "title": title, "required": required, "properties": properties}


def _description(chance: random.Random, name: str) -> str:
    kind = chance.random()
    if kind < 0.25:
        return ""
    if kind < 0.28:
        return "提示词，最多 10 张图像，每张 ≤ 10 MB。"
    if kind < 0.3:
        return f'Use `{name}` with "care": a \\ and a\nsecond line. '
    return " ".join(chance.choices(_WORDS, k=chance.randrange(5, 40))).capitalize() + "."


def _prompt(chance: random.Random) -> JSON:
    text = " ".join(chance.choices(_WORDS, k=chance.randrange(10, 60)))
    limits = {"maxLength": chance.choice((800, 2000, 5000))} if chance.random() < 0.3 else {}
    return {"type": "string", "default": text, **limits}


def _media(chance: random.Random, kind: str, extension: str) -> JSON:
    part: JSON = {"type": "string", "format": f"{kind}_uri"}
    if chance.random() < 0.3:
        part["validations"] = [
            {"validation_rule": rule, "validation_value": value, "validation_error": words}
            for rule, value, words in chance.sample(_RULES, chance.randrange(1, 4))
        ]
    part["default"] = f"https://example.com/files/{chance.randrange(10**6)}.{extension}"
    return part


def _image(chance: random.Random) -> JSON:
    return _media(chance, "image", "webp")


def _video(chance: random.Random) -> JSON:
    return _media(chance, "video", "mp4")


def _audio(chance: random.Random) -> JSON:
    return _media(chance, "audio", "mp3")


def _images(chance: random.Random) -> JSON:
    item = _media(chance, "image", "webp")
    demo = [item.pop("default")]
    return {
        "type": "array",
        "items": item,
        "minItems": chance.randrange(2),
        "maxItems": chance.randrange(2, 11),
        "default": demo,
    }


def _seed(chance: random.Random) -> JSON:
    bounds = {"minimum": chance.choice((-1, 0)), "maximum": chance.choice((2147483647, 4294967295))}
    return {
        "type": "integer",
        **(bounds if chance.random() < 0.8 else {}),
        "default": chance.choice((0, -1, 7, None)),
    }


def _duration(chance: random.Random) -> JSON:
    kind = chance.randrange(3)
    if kind == 0:
        return {"type": "integer", "minimum": 2, "maximum": chance.randrange(10, 16), "default": 5}
    if kind == 1:
        return {"type": "integer", "enum": [5, 10, 15][: chance.randrange(1, 4)], "default": 5}
    return {"type": "string", "enum": ["auto", "5", "10"], "default": "5"}


def _ratio(chance: random.Random) -> JSON:
    ratios = chance.sample(_RATIOS, chance.randrange(2, len(_RATIOS)))
    return {"type": "string", "enum": ratios, "default": ratios[0]}


def _resolution(chance: random.Random) -> JSON:
    names = ["480p", "720p", "1080p"] if chance.random() < 0.8 else ["720P", "1080P"]
    return {"type": "string", "enum": names, "default": names[0]}


def _number(chance: random.Random) -> JSON:
    kind = "float" if chance.random() < 0.5 else "number"
    return {"type": kind, "minimum": 0, "maximum": chance.choice((1, 10, 20.5)), "default": 0.5}


def _integer(chance: random.Random) -> JSON:
    return {"type": "integer", "minimum": 1, "maximum": chance.choice((20, 50, 100)), "default": 20}


def _flag(chance: random.Random) -> JSON:
    return {"type": "boolean", "default": chance.random() < 0.5}


def _style(chance: random.Random) -> JSON:
    styles = [f"style {number}" for number in range(chance.randrange(1, 30))]
    return {"type": "string", "enum": styles, "default": styles[-1]}


def _nullable(chance: random.Random) -> JSON:
    part = {"type": "string", "enum": ["low", "medium", "high"][: chance.randrange(2, 4)]}
    return {"anyOf": [part, {"type": "null"}], "default": None}


def _size(chance: random.Random) -> JSON:
    edge = {"type": "integer", "minimum": 64, "maximum": chance.choice((2048, 4096))}
    members = {"width": edge, "height": dict(edge)}
    return {"type": "object", "properties": members, "required": ["width", "height"]}


def _loras(chance: random.Random) -> JSON:
    members = {
        "path": {"type": "string", "description": "Where the weights are."},
        "scale": {"type": "float", "minimum": 0, "maximum": 4, "default": 1},
    }
    item = {"type": "object", "properties": members, "required": ["path"]}
    return {"type": "array", "items": item, "maxItems": chance.randrange(1, 6)}


def _output_schema(chance: random.Random) -> JSON:
    uri = {"type": "string", "format": "uri"}
    properties: JSON = {
        "image": {**uri, "description": "single image URL"},
        "images": {"type": "array", "items": uri, "description": "multiple image URLs"},
        "video": {**uri, "description": "single video URL"},
        "videos": {"type": "array", "items": uri, "description": "multiple video URLs"},
    }
    if chance.random() < 0.1:
        properties["seed"] = {"type": "integer"}
    return {"type": "object", "properties": properties}


def _example(schema: JSON) -> JSON:
    properties = schema["properties"]
    wanted = [name for name in schema["required"] if name in properties]
    return {name: properties[name].get("default", "") for name in wanted}
