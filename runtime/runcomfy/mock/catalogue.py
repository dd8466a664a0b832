"""The mock service's catalogue: an entry for every installed model, or those it is given; and what requests cost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from runcomfy.errors import UnknownModel
from runcomfy.model.registry import find_served, model_ids
from runcomfy.model.request import Request

from .output_options import read_output_options

__all__ = ["Catalogue", "categories", "entries", "entry", "listing", "price"]

#: The most entries of one response.
LARGEST_PAGE = 500

#: The price by the kind of a model's output: US dollars, and the unit.
_PRICES = {"image": (0.04, "image"), "video": (0.10, "second"), "audio": (0.02, "output")}
#: The duration in seconds of a video whose request has none.
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
    found = [
        one
        for one in entries(include_schema)
        if _fits(one, search=search, category=category, kind=kind)
    ]
    limit, offset = min(max(limit, 1), LARGEST_PAGE), max(offset, 0)
    page = found[offset : offset + limit]
    return {"models": page, "total": len(found), "limit": limit, "offset": offset}


def _fits(
    one: Mapping[str, Any], *, search: str | None, category: str | None, kind: str | None
) -> bool:
    words = " ".join(str(one.get(name, "")) for name in ("model_id", "display_name", "description"))
    return (
        (search or "").casefold() in words.casefold()
        and (not category or category in (one.get("categories") or ()))
        and (not kind or kind == one.get("kind"))
    )


class Catalogue:
    """The mock's catalogue: the installed models, or the entries in ``given``.

    A given entry is an object as the service sends it, or the JSON text of one, which is sent to the byte. All answers
    are JSON texts.

    >>> Catalogue([{"model_id": "acme/cat", "input_schema": {"type": "object"}}]).entry("acme/cat")
    '{"model_id": "acme/cat", "input_schema": {"type": "object"}}'
    """

    def __init__(self, given: Iterable[Mapping[str, Any] | str] | None = None) -> None:
        self._given = None if given is None else [_GivenEntry(one) for one in given]

    def listing(self, limit: int, offset: int, *, include_schema: bool, **filters: Any) -> str:
        """A page of the catalogue, as ``GET /v1/models`` answers."""
        if self._given is None:
            return json.dumps(
                listing(include_schema=include_schema, limit=limit, offset=offset, **filters)
            )
        found = [one for one in self._given if _fits(one.facts, **filters)]
        limit, offset = min(max(limit, 1), LARGEST_PAGE), max(offset, 0)
        page = found[offset : offset + limit]
        texts = ", ".join(one.text if include_schema else json.dumps(one.facts) for one in page)
        rest = json.dumps({"total": len(found), "limit": limit, "offset": offset})
        return f'{{"models": [{texts}], {rest[1:]}'

    def entry(self, model_id: str) -> str | None:
        """One entry, with the input schema; ``None`` for a model that is not listed."""
        if self._given is None:
            found = entry(model_id)
            return json.dumps(found) if found else None
        return next((one.text for one in self._given if one.facts["model_id"] == model_id), None)

    def categories(self) -> list[str]:
        """The categories of all models, each once, sorted."""
        if self._given is None:
            return categories()
        return sorted({name for one in self._given for name in one.facts.get("categories") or ()})


class _GivenEntry:
    """An entry's JSON text, and its members other than the schema."""

    __slots__ = ("facts", "text")

    def __init__(self, given: Mapping[str, Any] | str) -> None:
        self.text = given if isinstance(given, str) else json.dumps(dict(given))
        try:
            parsed = json.loads(self.text)
        except ValueError:  # sent as it is, to see what a client makes of it
            parsed = None
        whole = parsed if isinstance(parsed, dict) else {}
        facts = {name: value for name, value in whole.items() if name != "input_schema"}
        self.facts: dict[str, Any] = {"model_id": "", **facts}


def entries(include_schema: bool) -> list[dict[str, Any]]:
    """An entry for each installed model, sorted by id."""
    return [_entry(find_served(model_id), include_schema) for model_id in model_ids()]


def entry(model_id: str) -> dict[str, Any] | None:
    """One entry, with the input schema; ``None`` for a model that is not installed."""
    try:
        return _entry(find_served(model_id), include_schema=True)
    except UnknownModel:
        return None


def categories() -> list[str]:
    """The categories of the installed models, each once, sorted."""
    return sorted({name for one in entries(include_schema=False) for name in one["categories"]})


def price(model_id: str, payload: dict[str, Any]) -> float:
    """The price of a request in US dollars. Raises ``UnknownModel``."""
    wishes = read_output_options(find_served(model_id), payload)
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
    """The kind, such as ``image-to-video``: from the id, else from the inputs and outputs."""
    said = _TASK.search(cls.model_id)
    if said:
        return said[0]
    source = next((medium.kind for medium in cls._media if medium.kind != "file"), "text")
    return f"{source}-to-{kind}"


def _seconds(duration: object) -> float:
    """The duration in a number, or in a string such as ``"5"`` or ``"10s"``."""
    number = re.match(r"\d+(\.\d+)?", str(duration))
    return float(number[0]) if number else _SECONDS
