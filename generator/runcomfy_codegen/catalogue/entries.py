"""The models in a catalogue response, each with the exact text of its schemas or the reason why it is unusable."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from runcomfy_codegen.errors import SourceError
from runcomfy_codegen.ingest.block_roles import find_entries, read_entry
from runcomfy_codegen.ingest.blocks import Block, decode_block, refusals
from runcomfy_codegen.ingest.quality import Texts, judge_texts
from runcomfy_codegen.ingest.text import read_document
from runcomfy_codegen.schema.model_ids import ModelId, parse_model_id

__all__ = ["CatalogueModel", "UnusableEntry", "read_entries"]

#: The members of an entry that are stored beside its schemas, in this order.
_FACTS: Final = (
    "display_name", "description", "kind", "categories", "base_price_usd", "price_unit", "pricing_note", "model_url",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A model in the catalogue; ``input`` and ``output`` are the catalogue's exact text."""

    model_id: ModelId
    input: str = field(repr=False)
    output: str | None = field(repr=False)
    texts: Texts
    #: Name, price, categories and so on, as they came.
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class UnusableEntry:
    """An unusable entry. ``name`` is its id, or its index in the catalogue."""

    name: str
    reason: str
    #: Whether only its schema is missing, because the list left it out.
    lacks_schema: bool = False


def read_entries(body: bytes, offset: int = 0) -> Iterator[CatalogueModel | UnusableEntry]:
    """The entries of a response, a list or a single entry; ``offset`` is the index of the first in the catalogue.

    Raises ``SourceError`` for an answer that is no JSON.
    """
    try:
        document = read_document(body, name="catalogue", place="catalogue")
        start = len(document.text) - len(document.text.lstrip())
        whole = decode_block(document, start)
    except SourceError as fault:  # what it advises is for pages
        advice = "Check --base-url, or run the command again later."
        raise SourceError(fault.place, fault.problem, advice) from None
    blocks = find_entries([whole]) if whole.member("models") else [whole]
    for index, block in enumerate(blocks):
        name = _name(block, offset + index)
        try:
            yield _read(block)
        except SourceError as fault:
            yield UnusableEntry(name, fault.problem, _lacks_schema(block.value))


def _lacks_schema(entry: object) -> bool:
    """Whether an entry has an id, and no schema."""
    if not isinstance(entry, dict) or "input_schema" in entry:
        return False
    model_id = entry.get("model_id")
    return isinstance(model_id, str) and bool(model_id)


def _name(block: Block, index: int) -> str:
    value = block.value
    model_id = value.get("model_id") if isinstance(value, dict) else None
    return model_id if isinstance(model_id, str) and model_id else f"entry {index + 1}"


def _read(block: Block) -> CatalogueModel:
    for fault in refusals(block):
        raise fault
    entry = read_entry(block)
    model_id = entry.model_id.value if entry.model_id else ""
    schemas = [entry.roles.input, *([entry.roles.output] if entry.roles.output else [])]
    return CatalogueModel(
        parse_model_id(model_id if isinstance(model_id, str) else "", "catalogue"),
        entry.roles.input.text,
        entry.roles.output.text if entry.roles.output else None,
        judge_texts(schemas, whole_page=False),
        _facts(block.value),
    )


def _facts(value: Any) -> dict[str, Any]:
    return {name: value[name] for name in _FACTS if _is_fact(value.get(name))}


def _is_fact(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return False
    return not isinstance(value, float) or math.isfinite(value)
