"""Media inputs of a schema: where URLs of files stand, and the rules for those files."""

from __future__ import annotations

from dataclasses import dataclass, field

from .literals import literal
from .media_rules import Rule, media_kind, read_rules
from .spec import MediaSpec, RuleSpec
from .vocabulary import Note, Schema, schemas_in, step

__all__ = ["MediaInputs", "find_media"]

_NO_INPUT = "stand where no file is looked for; not checked"


@dataclass(slots=True)
class MediaInputs:
    """What was found: the inputs, the rules below each top-level input, and notes on odd rules."""

    specs: list[MediaSpec] = field(default_factory=list)
    rules: dict[str, list[Rule]] = field(default_factory=dict)
    #: JSON pointers of the schemas that lead to the URLs: of the input, of its items and so on.
    places: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)


def find_media(raw: Schema, names: list[str]) -> MediaInputs:
    """The media inputs among the properties ``names`` of an input schema, nested ones included."""
    found = MediaInputs()
    seen: set[str] = set()
    properties: Schema = raw["properties"] if names else {}
    for name in names:
        _visit(properties[name], (name,), step("/properties", name), found, seen)
    found.notes += [
        Note(step(place, "validations"), "documented", "validations", _NO_INPUT)
        for place, part in schemas_in(raw)
        if "validations" in part and place not in seen
    ]
    return found


def _visit(
    raw: object, path: tuple[str, ...], place: str, found: MediaInputs, seen: set[str]
) -> None:
    if not isinstance(raw, dict):
        return
    parts = _with_items(raw, place)
    rules = [rule for where, part in parts for rule in _rules(part, where, found)]
    seen.update(where for where, _ in parts)
    kinds = [kind for _, part in parts if (kind := media_kind(part.get("format")))]
    if kinds or rules:
        kind = kinds[0] if kinds else "file"
        found.specs.append(MediaSpec(literal(path), literal(kind), tuple(map(_spec, rules))))
        found.rules.setdefault(path[0], []).extend(rules)
        found.places.update(where for where, _ in parts)
    innermost, part = parts[-1]
    if isinstance(part.get("properties"), dict):
        for name, inner in part["properties"].items():
            _visit(inner, (*path, name), step(innermost, "properties", name), found, seen)


def _with_items(raw: Schema, place: str) -> list[tuple[str, Schema]]:
    """A schema, the schema of its items, of their items and so on, each with its place."""
    parts = [(place, raw)]
    while isinstance(parts[-1][1].get("items"), dict):
        where, part = parts[-1]
        parts.append((step(where, "items"), part["items"]))
    return parts


def _rules(part: Schema, place: str, found: MediaInputs) -> list[Rule]:
    if "validations" not in part:
        return []
    rules, faults = read_rules(part["validations"])
    found.notes += [
        Note(step(place, "validations", i), "documented", subject, text)
        for i, subject, text in faults
    ]
    return rules


def _spec(rule: Rule) -> RuleSpec:
    return RuleSpec(
        literal(rule.metric), literal(rule.operator), literal(rule.limit), literal(rule.wording)
    )
