"""Comparing two folders of schemas, model by model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from runcomfy_codegen.schema.keywords import step

from .schemas import SchemaChange, compare
from .versions import ModelVersion, SchemaSet

__all__ = ["KINDS", "ModelChange", "compare_sets"]

#: The kinds of change, worst first.
KINDS = ("breaking", "additive", "price", "text")


@dataclass(frozen=True, slots=True)
class ModelChange:
    """The changes of one model; ``verdict`` is ``"added"``, ``"removed"``, ``"renamed"`` or ``"changed"``."""

    model_id: str
    verdict: str
    changes: list[SchemaChange] = field(default_factory=list)

    @property
    def breaking(self) -> bool:
        """Whether a correct program may break."""
        return any(change.kind == "breaking" for change in self.changes)


def compare_sets(old: SchemaSet, new: SchemaSet) -> list[ModelChange]:
    """The models that differ, by model id. Raises ``SchemaError`` for a document that cannot be read."""
    found = []
    for model_id in sorted(old.models.keys() | new.models.keys()):
        was, now = old.models.get(model_id), new.models.get(model_id)
        change = _removed(model_id) if now is None else _compared(model_id, was, now)
        if change:
            found.append(change)
    return found


def _removed(model_id: str) -> ModelChange:
    return ModelChange(model_id, "removed", [SchemaChange("breaking", "", "model removed")])


def _compared(model_id: str, was: ModelVersion | None, now: ModelVersion) -> ModelChange | None:
    if was is None:
        return ModelChange(model_id, "added", [SchemaChange("additive", "", "model added")])
    changes = [*_mark(was, now), *_prices(was.facts, now.facts)]
    if was.stored.files != now.stored.files:
        changes += [*_names(was, now), *compare(was.schemas, now.schemas)]
    if not changes:
        return None
    ordered = sorted(changes, key=lambda change: (KINDS.index(change.kind), change))
    renamed = "renamed_to" in now.mark and now.mark != was.mark
    return ModelChange(model_id, "renamed" if renamed else "changed", ordered)


def _mark(was: ModelVersion, now: ModelVersion) -> Iterator[SchemaChange]:
    if was.mark == now.mark:
        return
    if "renamed_to" in now.mark:
        yield SchemaChange(
            "additive", "", f"renamed to {now.mark['renamed_to']}; the old class remains for now"
        )
    elif now.mark:
        yield SchemaChange("text", "", f"deprecated: {now.mark.get('reason', 'no reason given')}")
    else:
        yield SchemaChange("text", "", "no longer deprecated")


def _prices(was: dict[str, Any], now: dict[str, Any]) -> Iterator[SchemaChange]:
    names = {
        "base_price_usd": "price in US dollars",
        "price_unit": "unit of the price",
        "pricing_note": "price note",
    }
    for name, words in names.items():
        if was.get(name) != now.get(name) and was:
            before, after = (
                json.dumps(facts.get(name), ensure_ascii=False) for facts in (was, now)
            )
            yield SchemaChange("price", "", f"{words} changed from {before} to {after}")


def _names(was: ModelVersion, now: ModelVersion) -> Iterator[SchemaChange]:
    """Classes and inputs that have another name in Python."""
    if was.class_name != now.class_name:
        yield SchemaChange("breaking", "", f"class {was.class_name} is now {now.class_name}")
    before, after = was.input_names, now.input_names
    for wire in before.keys() & after.keys():
        if before[wire] != after[wire]:
            words = f"{before[wire]} is now named {after[wire]}"
            yield SchemaChange("breaking", step("input", wire), words)
    if was.documents.example != now.documents.example:
        yield SchemaChange("text", "", "example changed")
