"""``ModelEntry`` and ``CataloguePage``: entries of the service's catalogue."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from runcomfy.model.registry import model_ids

if TYPE_CHECKING:
    from runcomfy.protocol.responses import JsonDocument

__all__ = ["CataloguePage", "ModelEntry", "read_entries", "read_entry", "read_page"]


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model in the service's catalogue. Missing fields are ``None`` or empty.

    ``base_price_usd`` is in dollars for each ``price_unit`` (``output``, ``second``, ``image``).
    ``input_schema`` is ``None`` unless it was requested. ``installed`` is true if a generated class of
    the model was installed when the entry was read. ``raw`` is the complete entry.

    >>> for entry in client.models(search="image", limit=20):
    ...     print(entry.model_id, entry.base_price_usd, entry.price_unit)
    """

    model_id: str
    display_name: str | None = None
    description: str = ""
    kind: str | None = None
    categories: tuple[str, ...] = ()
    base_price_usd: float | None = None
    price_unit: str | None = None
    pricing_note: str = ""
    model_url: str | None = None
    inputs: tuple[str, ...] = ()
    required_inputs: tuple[str, ...] = ()
    input_schema: Mapping[str, Any] | None = field(default=None, repr=False, hash=False)
    installed: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    #: The entry's response, byte for byte; empty for an entry of a list.
    body: bytes = field(default=b"", repr=False, compare=False)

    @classmethod
    def from_answer(
        cls, raw: Mapping[str, Any], model_id: str = "", *, installed: bool = False
    ) -> ModelEntry:
        """The entry in a response; ``model_id`` is the fallback if it names none. Never raises."""
        schema = raw.get("input_schema")
        return cls(
            model_id=_text(raw, "model_id") or model_id,
            display_name=_text(raw, "display_name"),
            description=_text(raw, "description") or "",
            kind=_text(raw, "kind"),
            categories=_names(raw.get("categories")),
            base_price_usd=_number(raw.get("base_price_usd")),
            price_unit=_text(raw, "price_unit"),
            pricing_note=_text(raw, "pricing_note") or "",
            model_url=_text(raw, "model_url"),
            inputs=_names(raw.get("inputs")),
            required_inputs=_names(raw.get("required_inputs")),
            input_schema=schema if isinstance(schema, dict) else None,
            installed=installed,
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """One page of the service's catalogue, as ``Client.catalogue_page`` reads it.

    ``total`` is the number of matching models, ``None`` if unknown. ``offset`` is the index of the first entry among
    them, and ``retry_after`` the number of seconds to wait before the next call. ``body`` is the response, byte for byte.
    """

    entries: tuple[Mapping[str, Any], ...]
    total: int | None
    offset: int
    retry_after: float | None = None
    body: bytes = field(default=b"", repr=False)


def read_page(document: JsonDocument, offset: int) -> CataloguePage:
    """The page in a response."""
    total = document.content.get("total")
    return CataloguePage(
        tuple(document.content["models"]),
        total if type(total) is int else None,
        offset,
        document.retry_after,
        document.body,
    )


def read_entry(document: JsonDocument, model_id: str) -> ModelEntry:
    """The entry in the response about one model."""
    return replace(read_entries([document.content], model_id)[0], body=document.body)


def read_entries(answers: Iterable[Mapping[str, Any]], model_id: str = "") -> list[ModelEntry]:
    """The entries in responses, with ``installed`` set."""
    known = frozenset(model_ids())
    return [
        ModelEntry.from_answer(
            answer, model_id, installed=(_text(answer, "model_id") or model_id) in known
        )
        for answer in answers
    ]


def _text(raw: Mapping[str, Any], name: str) -> str | None:
    value = raw.get(name)
    return value if isinstance(value, str) and value else None


def _number(value: object) -> float | None:
    """The number, also when it is written as a text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _names(value: object) -> tuple[str, ...]:
    """Names in a list, in a list of objects that have one, or as the keys of an object."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, (list, dict)):
        return ()
    named = (one.get("name") if isinstance(one, dict) else one for one in value)
    return tuple(one for one in named if isinstance(one, str) and one)
