"""References inside a schema: where they lead, and which of them are dropped."""

from __future__ import annotations

from urllib.parse import unquote

from runcomfy_codegen.diagnostics import Diagnostic
from runcomfy_codegen.schema.keywords import _IN_PLACE, _LIST, _MAP, Schema, schemas_in

__all__ = []


def _drop_bad_references(root: Schema, notes: list[Diagnostic]) -> None:
    """Take out references that lead nowhere or, without a step into the value, back to themselves."""
    parts = dict(schemas_in(root))
    for place, part in parts.items():
        if "$ref" in part and _target(part) not in parts:
            del part["$ref"]
            notes.append(
                Diagnostic(place + "/$ref", "documented", "$ref", "leads nowhere; not checked")
            )
    for place, part in parts.items():
        if "$ref" in part and _returns(place, parts):
            del part["$ref"]
            text = "leads back to itself without an end; not checked"
            notes.append(Diagnostic(place + "/$ref", "documented", "$ref", text))


def _target(part: Schema) -> str:
    return unquote(part["$ref"][1:])


def _returns(start: str, parts: dict[str, Schema]) -> bool:
    seen: set[str] = set()
    waiting = [_target(parts[start])]
    while waiting:
        place = waiting.pop()
        if place == start:
            return True
        if place in seen:
            continue
        seen.add(place)
        if "$ref" in parts[place]:
            waiting.append(_target(parts[place]))
        waiting += [
            inner
            for inner in parts
            if inner.startswith(place + "/") and _applies_in_place(inner[len(place) :])
        ]
    return False


def _applies_in_place(way: str) -> bool:
    steps = way.split("/")[1:]
    keyword, more = steps[0], len(steps)
    if keyword not in _IN_PLACE:
        return False
    return more == (2 if keyword in _LIST | _MAP else 1)
