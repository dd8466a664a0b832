"""Finding the media inputs of a schema: the places of file URLs, with the rules for the files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from runcomfy_codegen.diagnostics import Diagnostic

from .keywords import Schema, schemas_in, step
from .media_rules import URI_FORMAT, SchemaRule, media_kind, read_rules
from .references import pointed_at, target_of

__all__ = ["FoundInput", "MediaInputs", "find_media"]

_NO_FILE = "is in a place where files are not looked for; not checked"
_NO_INPUT = "are in a place where files are not looked for; not checked"


@dataclass(frozen=True, slots=True)
class FoundInput:
    """A media input: the names that lead to it, the kind of its files, and their rules."""

    path: tuple[str, ...]
    kind: str
    rules: tuple[SchemaRule, ...]


@dataclass(slots=True)
class MediaInputs:
    """The media inputs found, and notes on rules and formats without effect."""

    inputs: list[FoundInput] = field(default_factory=list)
    #: JSON pointers of the schemas that lead to the URLs, of the input, of its items and so on -> kind.
    kinds: dict[str, str] = field(default_factory=dict)
    notes: list[Diagnostic] = field(default_factory=list)

    def rules(self, name: str) -> list[SchemaRule]:
        """The rules of files in the top-level input ``name``."""
        return [rule for one in self.inputs if one.path[0] == name for rule in one.rules]


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the schemas that describe a value and the items in it."""

    place: str
    schema: Schema
    #: Whether every URL has to keep its rules; it has not where another option does as well.
    binding: bool


def find_media(raw: Schema, cleaned: Schema, names: list[str]) -> MediaInputs:
    """The media inputs among the properties ``names`` of an input schema, nested ones included."""
    found = MediaInputs()
    types = {place: part.get("type", "string") for place, part in schemas_in(cleaned)}
    seen: set[str] = set()
    properties: Schema = raw["properties"] if names else {}
    visitor = _MediaVisitor(raw, types, found, seen)
    for name in names:
        visitor.visit(properties[name], (name,), step("/properties", name), frozenset())
    for place, part in schemas_in(raw):
        if _is_plain_uri(part.get("format")) and place not in found.kinds:
            text = "is a documented format; not checked"
            found.notes.append(
                Diagnostic(step(place, "format"), "documented", part["format"], text)
            )
        if "validations" in part and place not in seen:
            where = step(place, "validations")
            found.notes.append(Diagnostic(where, "documented", "validations", _NO_INPUT))
        if media_kind(part.get("format")) and place not in found.kinds:
            where = step(place, "format")
            found.notes.append(Diagnostic(where, "documented", part["format"][:60], _NO_FILE))
    return found


def _is_plain_uri(format_: object) -> bool:
    return (
        isinstance(format_, str)
        and URI_FORMAT.match(format_) is not None
        and not media_kind(format_)
    )


@dataclass(slots=True)
class _MediaVisitor:
    """A walk through the inputs to every place of a URL."""

    raw: Schema
    types: dict[str, str | list[str]]
    found: MediaInputs
    seen: set[str]
    #: The remaining number of values to visit, since references can multiply them.
    left: int = 2_000

    def visit(
        self, schema: object, path: tuple[str, ...], place: str, above: frozenset[str]
    ) -> None:
        """``above`` holds the places that we came through: an object may hold its like."""
        self.left -= 1
        if not isinstance(schema, dict) or self.left < 0:
            return
        parts = list(self.parts(schema, place, set(above)))
        if any(_may_be_url(part, self.types) for part in parts):
            _take(parts, path, self.found, self.seen)
        for part in parts:
            properties = part.schema.get("properties")
            if isinstance(properties, dict):
                for name, inner in properties.items():
                    where = step(part.place, "properties", name)
                    self.visit(inner, (*path, name), where, above | {one.place for one in parts})

    def parts(
        self, schema: Schema, place: str, above: set[str], *, binding: bool = True
    ) -> Iterator[_Part]:
        """A schema, those that say more of the same value, and those of its items, each once."""
        if place in above:
            return
        above.add(place)
        yield _Part(place, schema, binding)
        if isinstance(schema.get("items"), dict):
            yield from self.parts(schema["items"], step(place, "items"), above, binding=binding)
        target = target_of(schema.get("$ref"))
        if target:
            with suppress(LookupError):
                inner = pointed_at(self.raw, target)
                if isinstance(inner, dict):
                    yield from self.parts(inner, target, above, binding=binding)
        for keyword in ("allOf", "anyOf", "oneOf"):
            options = schema.get(keyword)
            if not isinstance(options, list):
                continue
            others = [option for option in options if option != {"type": "null"}]
            sure = binding and (keyword == "allOf" or len(others) == 1)
            for i, option in enumerate(options):
                if isinstance(option, dict):
                    where = step(place, keyword, i)
                    yield from self.parts(option, where, above, binding=sure)


def _take(parts: list[_Part], path: tuple[str, ...], found: MediaInputs, seen: set[str]) -> None:
    binding = [part for part in parts if part.binding]
    rules = [rule for part in binding for rule in _rules(part.schema, part.place, found)]
    seen.update(part.place for part in binding)
    kinds = [kind for part in parts if (kind := media_kind(part.schema.get("format")))]
    if kinds or rules:
        kind = kinds[0] if kinds else "file"
        found.inputs.append(FoundInput(path, kind, tuple(rules)))
        found.kinds.update((part.place, kind) for part in parts)


def _may_be_url(part: _Part, types: dict[str, str | list[str]]) -> bool:
    """Whether a text can stand there, of the value itself or, where nothing is said of items, of an item."""
    given = types.get(part.place, "string")
    return "string" in given or ("array" in given and "items" not in part.schema)


def _rules(part: Schema, place: str, found: MediaInputs) -> list[SchemaRule]:
    if "validations" not in part:
        return []
    rules, faults = read_rules(part["validations"])
    found.notes += [
        Diagnostic(step(place, "validations", i), "documented", subject, text)
        for i, subject, text in faults
    ]
    return rules
