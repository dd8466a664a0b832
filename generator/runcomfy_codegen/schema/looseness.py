"""Dropped parts of a schema count as "any value"; keywords that would invert that are dropped as well.

A part of a clean schema is *loose* if something was dropped from it, so that it accepts too much. Inside ``not``, ``if``
or ``oneOf``, accepting too much would refuse valid values, so the whole keyword is dropped and reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from runcomfy_codegen.diagnostics import Diagnostic

from .keywords import IN_PLACE, TURNING, Schema, parts_of, schemas_in, step
from .references import METASCHEMAS, target_of

__all__ = ["Loose", "drop_bad_references", "drop_what_turns"]


@dataclass(slots=True)
class Loose:
    """The loose parts of a schema, by identity: a clean schema is a tree, so each part has one place."""

    notes: list[Diagnostic]
    anywhere: set[int] = field(default_factory=set)
    #: Those without a keyword that could declare members or items.
    in_place: set[int] = field(default_factory=set)
    #: Those that lack one of their ``patternProperties``.
    nameless: set[int] = field(default_factory=set)
    #: Those whose ``format`` nothing is held against.
    formatted: set[int] = field(default_factory=set)

    def add(self, part: Schema, *, in_place: bool = False) -> None:
        """Something was left out of a part; ``in_place`` where it spoke of the same value."""
        self.anywhere.add(id(part))
        if in_place:
            self.in_place.add(id(part))


def drop_bad_references(root: Schema, loose: Loose) -> None:
    """Drop references that lead nowhere, or back to themselves without a step into the value."""
    parts = dict(schemas_in(root))
    if not any(map(_is_local, parts.values())):
        return
    for place, part in parts.items():
        if _is_local(part) and target_of(part["$ref"]) not in parts:
            _drop_reference(place, part, "cannot be resolved; not checked", loose)
    edges = {place: list(_same_value(place, part)) for place, part in parts.items()}
    group = _circles(edges)
    for place, part in parts.items():
        if _is_local(part) and group[place] == group[target_of(part["$ref"])]:
            _drop_reference(place, part, "is circular; not checked", loose)


def _is_local(part: Schema) -> bool:
    return "$ref" in part and part["$ref"] not in METASCHEMAS


def _drop_reference(place: str, part: Schema, text: str, loose: Loose) -> None:
    del part["$ref"]
    loose.notes.append(Diagnostic(place + "/$ref", "documented", "$ref", text))
    loose.add(part, in_place=True)


def _same_value(place: str, part: Schema) -> Iterator[str]:
    """The places of the schemas that the same value has to keep."""
    if _is_local(part):
        yield str(target_of(part["$ref"]))
    for steps, inner in parts_of(part):
        if steps[0] in IN_PLACE and isinstance(inner, dict):
            yield step(place, *steps)


def _circles(edges: dict[str, list[str]]) -> dict[str | None, int]:
    """For each place a number, the same for places on a circle (Kosaraju's algorithm, in linear time)."""
    order: list[str] = []
    seen: set[str] = set()
    for start in edges:
        walk = [(start, iter(edges[start]))] if start not in seen else []
        seen.add(start)
        while walk:
            place, rest = walk[-1]
            following = next((one for one in rest if one not in seen), None)
            if following is None:
                order.append(place)
                walk.pop()
            else:
                seen.add(following)
                walk.append((following, iter(edges[following])))
    back: dict[str, list[str]] = {place: [] for place in edges}
    for place, following_places in edges.items():
        for one in following_places:
            back[one].append(place)
    group: dict[str | None, int] = {}
    for number, start in enumerate(reversed(order)):
        waiting = [start]
        while waiting:
            place = waiting.pop()
            if place not in group:
                group[place] = number
                waiting += back[place]
    return group


def drop_what_turns(root: Schema, loose: Loose) -> None:
    """Drop the keywords that would refuse valid values because a subschema is loose."""
    if not loose.anywhere and not loose.formatted:
        return
    parts = dict(schemas_in(root))
    places = {id(part): place for place, part in parts.items()}
    above: dict[int, list[tuple[Schema, str]]] = {id(part): [] for part in parts.values()}
    for part in parts.values():
        for keyword, inner in _schemas_of(part, parts):
            above[id(inner)].append((part, keyword))
    _spread(loose.anywhere, above, lambda _: True)
    for number in sorted(loose.anywhere & places.keys(), key=lambda one: places[one]):
        for part, keyword in above[number]:
            if keyword in TURNING:
                _drop(part, keyword, places[id(part)], loose)
            elif keyword == "contains" and "maxContains" in part:
                _drop(part, "maxContains", places[id(part)], loose)
    _loosen_for_formats(places, above, loose)
    _spread(loose.in_place, above, (IN_PLACE | {"$ref"}).__contains__)
    for place, part in parts.items():
        if id(part) in loose.in_place:
            for keyword in ("unevaluatedProperties", "unevaluatedItems"):
                _drop(part, keyword, place, loose)
        if id(part) in loose.nameless:
            _drop(part, "additionalProperties", place, loose)


def _differ_in_type(options: list[Schema]) -> bool:
    types = [option.get("type") for option in options]
    named = {one for one in types if isinstance(one, str)}
    return len(named) == len(types) and not {"integer", "number"} <= named


def _loosen_for_formats(
    places: dict[int, str], above: dict[int, list[tuple[Schema, str]]], loose: Loose
) -> None:
    """Options that differ only in format may all match; a format alone is no condition."""
    _spread(loose.formatted, above, (IN_PLACE | {"$ref"}).__contains__)
    for number in sorted(loose.formatted & places.keys(), key=lambda one: places[one]):
        for part, keyword in above[number]:
            place = places[id(part)]
            if keyword in ("if", "not") and part.get(keyword) == {}:
                _drop(part, keyword, place, loose)
            elif keyword == "oneOf" and "oneOf" in part and not _differ_in_type(part["oneOf"]):
                options = {"anyOf": part.pop("oneOf")}
                if "anyOf" in part:
                    options = {"allOf": [*part.get("allOf", ()), options]}
                part.update(options)
                text = "is read as anyOf, because a format in it is not checked"
                loose.notes.append(Diagnostic(step(place, keyword), "documented", keyword, text))


def _schemas_of(part: Schema, parts: dict[str, Schema]) -> Iterator[tuple[str, Schema]]:
    for steps, inner in parts_of(part):
        if isinstance(inner, dict):
            yield str(steps[0]), inner
    if _is_local(part):
        yield "$ref", parts[str(target_of(part["$ref"]))]


def _spread(found: set[int], above: dict[int, list[tuple[Schema, str]]], through: Any) -> None:
    """Add to ``found`` every schema that one of them is part of, by keywords that ``through`` lets pass."""
    waiting = list(found)
    while waiting:
        for part, keyword in above.get(waiting.pop(), ()):
            if through(keyword) and id(part) not in found:
                found.add(id(part))
                waiting.append(id(part))


def _drop(part: Schema, keyword: str, place: str, loose: Loose) -> None:
    if keyword not in part:
        return
    for one in _with_companions(keyword):
        part.pop(one, None)
    loose.in_place.add(id(part))
    text = "contains or depends on something that is not checked, so it is not checked either"
    loose.notes.append(Diagnostic(step(place, keyword), "documented", keyword, text))


def _with_companions(keyword: str) -> Iterable[str]:
    return ("if", "then", "else") if keyword == "if" else (keyword,)
