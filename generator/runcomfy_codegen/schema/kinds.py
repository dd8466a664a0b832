"""A schema's requirements per JSON type, if it can be split that way.

``{"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]}`` asks ``maxLength`` of a string and nothing of null, and
refuses all else. References, single ``allOf`` and unions of different types or of enums come down to this form, for
which straight-line code is generated. A union of options of one type stays one. Everything else raises ``NotCompiled``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .keywords import COMPILED, Schema, parts_of
from .reference_validator import keeps
from .references import pointed_at, target_of

__all__ = ["ALL_KINDS", "TAGGED", "UNION", "Kinds", "NotCompiled", "Reader"]

#: JSON type -> the keywords that a value of this type has to keep, as a schema. A whole number has
#: ``"type": "integer"`` among them.
Kinds = dict[str, Schema]

ALL_KINDS = ("string", "number", "boolean", "null", "array", "object")

#: In what is asked of objects: ``(name, [(texts, schema), …])``, one schema for each text of that member.
TAGGED = "tagged"
#: In what is asked of one type: ``("anyOf" or "oneOf", [schema, …])``, each schema about values of that type.
UNION = "union"

#: Keywords without an effect of their own.
_IDLE = {"$defs", "definitions"}
#: Keywords without an effect unless another one is present.
_COMPANIONS = {"then": "if", "else": "if"}


class NotCompiled(Exception):
    """The schema has keywords that are left to the jsonschema library."""

    def __init__(self, words: Iterable[str]) -> None:
        super().__init__(*words)
        self.words = frozenset(words)


@dataclass(slots=True)
class Reader:
    """Reads the parts of one clean schema; each is read once."""

    root: Schema
    _known: dict[int, tuple[Kinds, frozenset[str]] | NotCompiled] = field(default_factory=dict)
    #: The place of a schema -> the places that it refers to, by way of others as well.
    _reached: dict[str, frozenset[str]] = field(default_factory=dict)

    def read(self, schema: Schema) -> tuple[Kinds, frozenset[str]]:
        """What a part asks of each type, and the references that were followed for it. Raises ``NotCompiled``."""
        known = self._known.get(id(schema))
        if known is None:
            try:
                known = self._read(schema)
            except NotCompiled as error:
                known = error
            self._known[id(schema)] = known
        if isinstance(known, NotCompiled):
            raise NotCompiled(known.words)
        return known

    def is_recursive(self, place: str) -> bool:
        """Whether the schema at a place refers to itself, directly or indirectly."""
        if place not in self._reached:
            reached: set[str] = set()
            waiting = [place]
            while waiting:
                found = set(_referred(pointed_at(self.root, waiting.pop()))) - reached
                reached |= found
                waiting += found
            self._reached[place] = frozenset(reached)
        return place in self._reached[place]

    def _read(self, schema: Schema) -> tuple[Kinds, frozenset[str]]:
        if "enum" in schema or "const" in schema:
            return self._values(schema), frozenset()
        unknown = {k for k in schema if k not in _UNDERSTOOD and _COMPANIONS.get(k, k) in schema}
        if unknown:
            raise NotCompiled(unknown)
        if "contains" in schema and not self.contained(schema):
            raise NotCompiled(["contains"])
        kinds = _of_types(schema)
        followed: frozenset[str] = frozenset()
        if "$ref" in schema:
            target = target_of(schema["$ref"])
            if target is None:  # a metaschema
                raise NotCompiled(["$ref"])
            other, followed = self.read(pointed_at(self.root, target))
            kinds, followed = self._both(kinds, other, "$ref"), followed | {target}
        for part in schema.get("allOf", ()):
            other, more = self.read(part)
            kinds, followed = self._both(kinds, other, "allOf"), followed | more
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                options = [self.read(part) for part in schema[keyword]]
                either = self._either([one for one, _ in options], keyword)
                kinds = self._both(kinds, either, keyword)
                followed = followed.union(*(more for _, more in options))
        return kinds, followed

    def contained(self, schema: Schema) -> tuple[Any, ...]:
        """The values of which a list has to contain some; none where they are not all recorded."""
        kinds, _ = self.read(schema["contains"])
        choices = [_choices(part) for part in kinds.values()]
        return () if None in choices else tuple(value for some in choices for value in some or ())

    def _values(self, schema: Schema) -> Kinds:
        """The values of an enum that keep every other rule as well."""
        word = "enum" if "enum" in schema else "const"
        rest = {k: v for k, v in schema.items() if k != word}
        kinds: Kinds = {}
        for value in schema["enum"] if word == "enum" else [schema["const"]]:
            if self._keeps(rest, value, word):
                kinds.setdefault(_kind(value), {word: []})[word].append(value)
        if word == "const":
            return {kind: {"const": found["const"][0]} for kind, found in kinds.items()}
        return kinds

    def _keeps(self, rules: Schema, value: object, word: str) -> bool:
        kept = keeps(self.root, rules, value)
        if kept is None:  # whoever validates finds out, or not
            raise NotCompiled([word])
        return kept

    def _both(self, first: Kinds, second: Kinds, word: str) -> Kinds:
        """What keeps both."""
        return {
            kind: self._merged(first[kind], second[kind], word) for kind in first if kind in second
        }

    def _merged(self, first: Schema, second: Schema, word: str) -> Schema:
        if first == second or not second:
            return first
        if not first:
            return second
        for values, rules in ((first, second), (second, first)):
            if _choices(values) is not None:
                given = _choices(values) or []
                return {"enum": [one for one in given if self._keeps(rules, one, word)]}
        if {TAGGED, UNION} & (first.keys() | second.keys()):
            raise NotCompiled([word])
        shared = first.keys() & second.keys() - {"required", "properties"}
        if any(first[keyword] != second[keyword] for keyword in shared):
            raise NotCompiled([word])
        return {**first, **second, **_members(first, second, word)}

    def _either(self, options: list[Kinds], word: str) -> Kinds:
        kinds: Kinds = {}
        for kind in dict.fromkeys(kind for option in options for kind in option):
            given = [option[kind] for option in options if kind in option]
            kinds[kind] = given[0] if len(given) == 1 else self._one_of(given, word)
        return kinds

    def _one_of(self, given: list[Schema], word: str) -> Schema:
        """One schema for values of one type that several options take."""
        choices = [_choices(one) for one in given]
        values = [value for some in choices if some is not None for value in some]
        others = [one for one, some in zip(given, choices, strict=True) if some is None]
        if not others:
            least = [value for value in values if word == "anyOf" or _count(value, values) == 1]
            return {
                "enum": [value for i, value in enumerate(least) if not _count(value, least[:i])]
            }
        tagged = self._tagged(given)
        if tagged:
            return {TAGGED: tagged}
        widest = {} if {} in others else others[0]
        if word == "oneOf" or (widest and any(one != widest for one in others)):
            return {UNION: (word, given)}
        if not all(self._keeps(widest, value, word) for value in values):
            return {UNION: (word, given)}
        return widest

    def _tagged(self, given: list[Schema]) -> tuple[str, list[tuple[list[str], Schema]]] | None:
        """A required member whose text distinguishes the options, and the option of each text."""
        for name in given[0].get("required", ()):
            if not all(name in one.get("required", ()) for one in given):
                continue
            texts = [self._texts(one.get("properties", {}).get(name, {})) for one in given]
            every = [text for some in texts for text in some]
            if all(texts) and len(set(every)) == len(every):
                return name, list(zip(texts, given, strict=True))
        return None

    def _texts(self, schema: Schema) -> list[str]:
        """The texts that a schema accepts, where it accepts nothing else and they are written down."""
        try:
            kinds, _ = self.read(schema)
        except NotCompiled:
            return []
        return (_choices(kinds["string"]) or []) if kinds.keys() == {"string"} else []


def _referred(schema: object) -> Iterator[str]:
    """The places that a schema refers to, its definitions apart."""
    if isinstance(schema, dict):
        target = target_of(schema.get("$ref"))
        if target is not None:
            yield target
        for steps, part in parts_of(schema):
            if steps[0] not in _IDLE:
                yield from _referred(part)


def _of_types(schema: Schema) -> Kinds:
    given = schema.get("type", ALL_KINDS)
    names = [given] if isinstance(given, str) else list(given)
    kinds: Kinds = {}
    for name in names:
        kind = "number" if name == "integer" else name
        own = {k: v for k, v in schema.items() if COMPILED.get(k) == kind and _asks(k, v)}
        if name == "integer" and "number" not in names:
            own["type"] = "integer"
        kinds[kind] = own
    return kinds


def _asks(keyword: str, value: object) -> bool:
    """Whether a keyword has any effect."""
    if keyword == "uniqueItems":
        return value is True
    return keyword not in ("additionalProperties", "items") or (value is not True and value != {})


def _members(first: Schema, second: Schema, word: str) -> Schema:
    """The properties and required names of both."""
    made: Schema = {}
    if "properties" in first or "properties" in second:
        own, other = first.get("properties", {}), second.get("properties", {})
        if any(own[name] != other[name] for name in own.keys() & other.keys()):
            raise NotCompiled([word])
        made["properties"] = {**own, **other}
        closed = [one for one in (first, second) if "additionalProperties" in one]
        if any(one.get("properties", {}).keys() != made["properties"].keys() for one in closed):
            raise NotCompiled([word])
    if "required" in first or "required" in second:
        names = [*first.get("required", ()), *second.get("required", ())]
        made["required"] = list(dict.fromkeys(names))
    return made


def _choices(part: Schema) -> list[Any] | None:
    if "const" in part:
        return [part["const"]]
    return part.get("enum")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), (str, "string"), ((int, float), "number"), (list, "array"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "object")


def _count(value: object, values: list[Any]) -> int:
    from runcomfy.model import is_member

    return sum(is_member(value, (one,)) for one in values)


_UNDERSTOOD = COMPILED.keys() | {"type", "enum", "const", "$ref", "allOf", "anyOf", "oneOf"} | _IDLE
