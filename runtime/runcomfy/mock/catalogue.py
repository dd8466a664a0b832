"""The mock service's catalogue: an entry for every installed model, and what a request to one costs."""

from __future__ import annotations

import re
from typing import Any

from runcomfy.errors import UnknownModel
from runcomfy.model.registry import find_model, model_ids
from runcomfy.model.request import Request

from .output_options import read_output_options

__all__ = ["categories", "entries", "entry", "listing", "price"]

#: The most entries of one answer.
LARGEST_PAGE = 500

#: What is charged, by the kind of file that a model makes: dollars, and for what.
_PRICES = {"image": (0.04, "image"), "video": (0.10, "second"), "audio": (0.02, "output")}
#: Seconds of a video whose request does not say how long.
_SECONDS = 5.0

_TASK = re.compile(r"\b(text|image|video|audio|speech)-to-(image|video|audio|speech|music)\b")


def listing(
    search: str | None = None,
    category: str | None = None,
    kind: str | None = None,
    include_schema: bool = False,
    limit: int = 100,
    offset: int = 0,
) -> dict[str, Any]:
    """A page of the catalogue, as ``GET /v1/models`` answers.

    >>> listing(search="gpt", limit=1)["total"]
    3
    """
    wanted = (search or "").casefold()
    found = [
        one
        for one in entries(include_schema)
        if wanted in f"{one['model_id']} {one['display_name']} {one['description']}".casefold()
        and (not category or category in one["categories"])
        and (not kind or kind == one["kind"])
    ]
    limit, offset = min(max(limit, 1), LARGEST_PAGE), max(offset, 0)
    page = found[offset : offset + limit]
    return {"models": page, "total": len(found), "limit": limit, "offset": offset}


def entries(include_schema: bool) -> list[dict[str, Any]]:
    """An entry for each installed model, sorted by id."""
    return [_entry(find_model(model_id), include_schema) for model_id in model_ids()]


def entry(model_id: str) -> dict[str, Any] | None:
    """One entry, with the input schema; ``None`` for a model that is not installed."""
    try:
        return _entry(find_model(model_id), include_schema=True)
    except UnknownModel:
        return None


def categories() -> list[str]:
    """The categories of the installed models, each once, sorted."""
    return sorted({name for one in entries(include_schema=False) for name in one["categories"]})


def price(model_id: str, payload: dict[str, Any]) -> float:
    """What a request costs, in dollars. Raises ``UnknownModel``."""
    wishes = read_output_options(find_model(model_id), payload)
    base, unit = _PRICES[wishes.kind]
    seconds = _seconds(payload.get("duration")) if unit == "second" else 1.0
    return round(base * wishes.count * seconds, 4)


def _entry(cls: type[Request[Any]], include_schema: bool) -> dict[str, Any]:
    schema = cls.input_schema()
    kind = read_output_options(cls, {}).kind
    base, unit = _PRICES[kind]
    description = schema.get("description")
    made = {
        "model_id": cls.model_id,
        "display_name": cls.model_id.partition("/")[2].replace("-", " ").replace("/", " · "),
        "description": description if isinstance(description, str) else "",
        "kind": "model",
        "categories": [_category(cls, kind)],
        "base_price_usd": base,
        "price_unit": unit,
        "pricing_note": f"${base:.2f} per {unit} (a price of the mock service)",
        "model_url": f"https://www.runcomfy.com/models/{cls.model_id}",
        "inputs": list(schema.get("properties", {})),
        "required_inputs": list(cls._required),
    }
    return {**made, "input_schema": schema} if include_schema else made


def _category(cls: type[Request[Any]], kind: str) -> str:
    """Such as ``image-to-video``: what the id says, else what goes in and what comes out."""
    said = _TASK.search(cls.model_id)
    if said:
        return said[0]
    source = next((medium.kind for medium in cls._media if medium.kind != "file"), "text")
    return f"{source}-to-{kind}"


def _seconds(duration: object) -> float:
    """A duration as it is given: a number, or a text such as ``"5"`` or ``"10s"``."""
    number = re.match(r"\d+(\.\d+)?", str(duration))
    return float(number[0]) if number else _SECONDS
