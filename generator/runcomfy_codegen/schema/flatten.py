"""Merging a schema with its references and ``allOf``, for descriptions and type hints.

Payloads are validated against the original schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .keywords import ANNOTATIONS, Schema
from .references import pointed_at, target_of

__all__ = ["Flattener"]

#: Annotations next to a reference, which do not affect the structure.
_WORDS = ANNOTATIONS | {"$defs", "definitions"}


@dataclass(slots=True)
class Flattener:
    """Flattens the parts of one schema, as it is written or in clean vocabulary; each part once."""

    root: Schema
    _known: dict[int, Schema] = field(default_factory=dict)

    def flat(self, schema: Any) -> Schema:
        """The schema merged with its references and ``allOf``; its own annotations win."""
        if not isinstance(schema, dict):
            return {}
        if id(schema) not in self._known:
            self._known[id(schema)] = {}  # what leads back to itself adds nothing
            made = {k: v for k, v in schema.items() if k not in ("$ref", "allOf")}
            for part in self._others(schema):
                made = _merged(made, self.flat(part))
            self._known[id(schema)] = made
        return self._known[id(schema)]

    def named(self, schema: Schema) -> tuple[Schema, str | None]:
        """The target of a schema that is a bare reference, and its place; otherwise the schema itself, and ``None``."""
        place: str | None = None
        seen: set[int] = set()
        while id(schema) not in seen:
            seen.add(id(schema))
            structure = {k: v for k, v in schema.items() if k not in _WORDS}
            parts = structure.get("allOf")
            if structure.keys() == {"allOf"} and isinstance(parts, list) and len(parts) == 1:
                structure = parts[0] if isinstance(parts[0], dict) else {}
            target = target_of(structure.get("$ref"))
            if structure.keys() - _WORDS != {"$ref"} or target is None:
                break
            found = self._at(target)
            if not isinstance(found, dict):
                break
            schema, place = found, target
        return schema, place

    def _others(self, schema: Schema) -> list[Any]:
        target = target_of(schema.get("$ref"))
        parts = schema.get("allOf")
        others = [] if target is None else [self._at(target)]
        return others + (parts if isinstance(parts, list) else [])

    def _at(self, place: str) -> Any:
        try:
            return pointed_at(self.root, place)
        except LookupError:
            return None


def _merged(first: Schema, second: Schema) -> Schema:
    """The merge of two schemas of one value; the first wins where they cannot be merged."""
    made = {**second, **first}
    own, other = first.get("properties"), second.get("properties")
    if isinstance(own, dict) and isinstance(other, dict):
        made["properties"] = {
            **own,
            **{
                name: _both(own[name], part) if name in own else part
                for name, part in other.items()
            },
        }
    names, others = first.get("required"), second.get("required")
    if isinstance(names, list) and isinstance(others, list):
        made["required"] = [*names, *(name for name in others if name not in names)]
    values, more = first.get("enum"), second.get("enum")
    if isinstance(values, list) and isinstance(more, list):
        made["enum"] = [value for value in values if value in more]
    types = _common_types(first.get("type"), second.get("type"))
    if types:
        made["type"] = types[0] if len(types) == 1 else types
    return made


def _both(first: Any, second: Any) -> Any:
    return first if first == second or not second else {"allOf": [first, second]}


def _common_types(first: Any, second: Any) -> list[str]:
    if first is None or second is None:
        return []
    one, other = ([names] if isinstance(names, str) else list(names) for names in (first, second))
    common = [name for name in one if name in other or (name == "integer" and "number" in other)]
    return common or (["integer"] if "number" in one and "integer" in other else [])
