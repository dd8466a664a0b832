"""Gathering the inputs that a schema declares, at its root or in its subschemas of the payload.

A schema may leave the declaring to a root ``$ref``, to ``allOf``, to the options of ``anyOf`` and ``oneOf``, or to
conditions. ``gather_inputs`` gives the schema with all these inputs at its root, for those who name, type and describe
them. Payloads are validated against the schema as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce

from runcomfy_codegen.diagnostics import Diagnostic

from .keywords import Schema, is_pattern, step
from .normalise import canonical
from .references import pointed_at, target_of

__all__ = ["GatheredInputs", "gather_inputs"]

#: Of several options one applies, or more; a condition's parts apply or not.
_OPTIONS = ("anyOf", "oneOf")
_PERHAPS = ("then", "else")
#: These ask whether something is there, so what they name is declared elsewhere, or nowhere.
_ASKING = ("if", "not")
_WORDS = ("title", "description", "default")
#: Every name matches it.
_ANY_NAME = ""


@dataclass(slots=True)
class GatheredInputs:
    """The inputs of a schema."""

    #: The canonical schema with all inputs at its root; the very one that was given, where they stood there.
    schema: Schema
    #: Where the inputs stand that were brought to the root: wire name -> JSON pointers.
    places: dict[str, list[str]]
    #: Patterns of the names that the schema takes beside its inputs.
    admitted: tuple[str, ...]
    #: On inputs that could not be gathered.
    notes: list[Diagnostic]
    #: All names of inputs, and the places of all parts that speak of the payload.
    declaring: tuple[frozenset[str], frozenset[str]]

    def own_note(self, note: Diagnostic) -> Diagnostic | None:
        """A note on ``schema`` as one on the given schema; ``None`` if it is about a part brought to the root."""
        for name, places in self.places.items():
            root = step("/properties", name)
            if note.place.startswith(f"{root}/") and places[0] != root:
                rest = note.place[len(root) :] if len(places) == 1 else ""
                return Diagnostic(places[0] + rest, note.kind, note.subject, note.text)
            if any(note.place.startswith(f"{place}/") for place in places if place != root):
                return None
        return note


def gather_inputs(schema: Schema) -> GatheredInputs:
    """The inputs of a schema as it is written."""
    schema, _ = canonical(schema)
    found = _gather(schema, "", _Document(schema))
    moved = {
        name: one.places
        for name, one in found.inputs.items()
        if one.places != [step("/properties", name)]
    }
    whole = schema
    if moved or found.required != schema.get("required", []):
        properties = {name: one.schema for name, one in found.inputs.items()}
        inputs = {"properties": properties, "required": found.required}
        whole = {**found.words, **schema, **inputs}
    notes = [
        Diagnostic(
            place, "fallback", keyword, f"names {name[:60]!r}, which is not an input of the class"
        )
        for place, keyword, name in found.asked
        if name not in found.inputs
    ]
    declaring = frozenset(found.inputs), frozenset(found.parts)
    return GatheredInputs(whole, moved, tuple(found.admitted), notes, declaring)


@dataclass(slots=True)
class _DeclaredInput:
    """An input as some part of a schema declares it."""

    schema: object
    places: list[str]
    #: Whether the payload keeps this in any case, and not where one of several options applies.
    sure: bool = True


@dataclass(slots=True)
class _Found:
    """What was found in one part of a schema."""

    inputs: dict[str, _DeclaredInput] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    admitted: list[str] = field(default_factory=list)
    #: (place, keyword, name) of what is asked for.
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    #: Where the parts stand that were looked at.
    parts: list[str] = field(default_factory=list)
    #: Title and description.
    words: Schema = field(default_factory=dict)

    def and_(self, other: _Found) -> _Found:
        """Of a payload that keeps both."""
        for name, given in other.inputs.items():
            own = self.inputs.get(name)
            if own is None or (given.sure and not own.sure):
                self.inputs[name] = given
            elif given.sure:
                both = _both(own.schema, given.schema)
                self.inputs[name] = _DeclaredInput(both, _merged(own.places, given.places))
        self.required = _merged(self.required, other.required)
        return self._with(other, {**other.words, **self.words})

    def or_(self, other: _Found) -> _Found:
        """Of a payload that keeps one or the other."""
        for name in _merged(list(self.inputs), list(other.inputs)):
            pair = [one for found in (self, other) if (one := found.inputs.get(name))]
            self.inputs[name] = _DeclaredInput(
                reduce(_either, (one.schema for one in pair)),
                reduce(_merged, (one.places for one in pair)),
                len(pair) == 2 and all(one.sure for one in pair),
            )
        self.required = [name for name in self.required if name in other.required]
        return self._with(other, {})

    def _with(self, other: _Found, words: Schema) -> _Found:
        self.admitted = _merged(self.admitted, other.admitted)
        self.asked = list(dict.fromkeys([*self.asked, *other.asked]))
        self.parts = _merged(self.parts, other.parts)
        self.words = words
        return self


def _merged(first: list[str], second: list[str]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))


@dataclass(slots=True)
class _Document:
    """The schema as a whole, and what its references led to: each is followed once."""

    root: Schema
    found: dict[str, _Found | None] = field(default_factory=lambda: {"": None})

    def follow(self, ref: object) -> _Found | None:
        """What a local reference leads to; ``None`` for any other, and on the way back."""
        place = target_of(ref)
        if place is None:
            return None
        if place not in self.found:
            self.found[place] = None
            try:
                self.found[place] = _gather(pointed_at(self.root, place), place, self)
            except LookupError:
                return None
        return self.found[place]


def _gather(part: object, place: str, document: _Document) -> _Found:
    if not isinstance(part, dict):
        return _Found()
    found = _own(part, place)
    target = document.follow(part.get("$ref"))
    if target:
        found.and_(target)
    for inner, where in _listed(part, place, "allOf"):
        found.and_(_gather(inner, where, document))
    for keyword in _OPTIONS:
        options = [
            _gather(inner, where, document)
            for inner, where in _listed(part, place, keyword)
            if not _is_null(inner)  # the payload is an object
        ]
        if options:
            found.and_(reduce(_Found.or_, options))
    for inner, where in _conditional(part, place):
        found.and_(_gather(inner, where, document).or_(_Found()))
    for keyword in _ASKING:
        asked = _gather(part.get(keyword), step(place, keyword), document)
        found.asked += [(step(place, keyword), keyword, name) for name in asked.inputs]
        found.parts += asked.parts
    return found


def _own(part: Schema, place: str) -> _Found:
    declared, required = part.get("properties"), part.get("required")
    found = _Found(
        parts=[place], words={word: part[word] for word in ("title", "description") if word in part}
    )
    if isinstance(declared, dict):
        found.inputs = {
            name: _DeclaredInput(inner, [step(place, "properties", name)])
            for name, inner in declared.items()
        }
    if isinstance(required, list):
        found.required = [name for name in required if isinstance(name, str)]
    patterns = part.get("patternProperties")
    if isinstance(patterns, dict):
        found.admitted = [pattern for pattern in patterns if is_pattern(pattern)]
    for keyword in ("additionalProperties", "unevaluatedProperties"):
        if part.get(keyword) is True or isinstance(part.get(keyword), dict):
            found.admitted.append(_ANY_NAME)
    return found


def _listed(part: Schema, place: str, keyword: str) -> Iterator[tuple[object, str]]:
    parts = part.get(keyword)
    if isinstance(parts, list):
        yield from ((inner, step(place, keyword, i)) for i, inner in enumerate(parts))


def _conditional(part: Schema, place: str) -> Iterator[tuple[object, str]]:
    yield from ((part[keyword], step(place, keyword)) for keyword in _PERHAPS if keyword in part)
    schemas = part.get("dependentSchemas")
    if isinstance(schemas, dict):
        for name, inner in schemas.items():
            yield inner, step(place, "dependentSchemas", name)


def _is_null(option: object) -> bool:
    return isinstance(option, dict) and option.get("type") == "null"


def _both(first: object, second: object) -> object:
    """An input that two parts declare, both of which it keeps: the first one's words come first."""
    if not isinstance(first, dict) or not isinstance(second, dict) or first == second:
        return first if isinstance(first, dict) else second
    fill = {keyword: value for keyword, value in second.items() if keyword != "validations"}
    others = first["allOf"] if isinstance(first.get("allOf"), list) else []
    return {**fill, **first, "allOf": [*others, second]}


def _either(first: object, second: object) -> object:
    """An input that two options declare."""
    if first == second or second is False:
        return first
    if first is False:
        return second
    options = [*_options(first), *_options(second)]
    words = {
        word: part[word]
        for part in (second, first)
        if isinstance(part, dict)
        for word in _WORDS
        if word in part
    }
    return {**words, "anyOf": [part for i, part in enumerate(options) if part not in options[:i]]}


def _options(part: object) -> list[object]:
    """The types that ``part`` allows for an input; nested options would get the same names."""
    if isinstance(part, dict):
        for keyword in _OPTIONS:
            if part.keys() <= {keyword, *_WORDS} and isinstance(part.get(keyword), list):
                return [*part[keyword]]
    return [part]
