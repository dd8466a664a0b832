"""The words of input and output schemas, and the clean schema that validation works on.

Real schemas hold words that JSON Schema does not know (``type: float``, ``validations``), and a new model may
bring anything. ``clean`` gives the schema in JSON Schema 2020-12, together with a note for each word that
was changed, left out, or is only documented. Nothing is left out without a note.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Container, Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator

from runcomfy.model.messages import show
from runcomfy_codegen.diagnostics import Note

from .media_rules import MEDIA_FORMAT, URI_FORMAT

__all__ = [
    "COMPILED",
    "Schema",
    "clean",
    "is_json_schema",
    "is_pattern",
    "parts_of",
    "schemas_in",
    "step",
    "uncovered",
]

Schema = dict[str, Any]

_TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}
_TYPE_ALIASES = {"float": "number", "double": "number", "int": "integer", "bool": "boolean"}

#: Keywords that say something to people, or to us elsewhere, and nothing to a validator.
_ANNOTATIONS = {
    "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly",
    "$comment", "$schema", "validations", "format",
}  # fmt: skip

#: The ones of these that are for people alone, and that nothing of ours acts on.
_FOR_PEOPLE = {"examples", "example", "deprecated", "readOnly", "writeOnly"}

#: Keywords that straight-line code is generated for.
COMPILED = {
    "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "pattern", "minItems", "maxItems", "items", "properties", "required",
    "additionalProperties", "minProperties", "maxProperties",
}  # fmt: skip

#: Keywords that the jsonschema library checks at run time.
_LIBRARY = {
    "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependentRequired",
    "prefixItems", "contains", "minContains", "maxContains", "uniqueItems", "patternProperties",
    "propertyNames", "unevaluatedItems", "unevaluatedProperties", "$ref",
}  # fmt: skip

#: Levels of lists and objects that straight-line code is nested in.
_MAX_DEPTH = 12

#: Where schemas stand inside a schema.
_ONE = {
    "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
}  # fmt: skip
_LIST = {"allOf", "anyOf", "oneOf", "prefixItems"}
_MAP = {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
#: The ones that apply to the same value: a chain of them can lead back to its start.
_IN_PLACE = {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"}


def step(place: str, *names: object) -> str:
    """``place`` with further steps, as a JSON pointer."""
    return place + "".join("/" + str(name).replace("~", "~0").replace("/", "~1") for name in names)


def uncovered(schema: Schema, depth: int = 0) -> set[str]:
    """The keywords of a clean schema that straight-line code does not cover.

    Below ``_MAX_DEPTH`` these are all, since Python refuses code that is nested much deeper.
    """
    found = schema.keys() - (COMPILED if depth < _MAX_DEPTH else set()) - {"$defs", "definitions"}
    if schema.get("additionalProperties", True) not in (True, False, {}):
        found = found | {"additionalProperties"}
    inner = list(schema.get("properties", {}).values())
    if isinstance(schema.get("items"), dict):
        inner.append(schema["items"])
    return found.union(*(uncovered(part, depth + 1) for part in inner))


def is_pattern(text: str) -> bool:
    """Whether Python reads the pattern, and as it is meant."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of what it will read in another way
            re.compile(text)
    except (re.error, RecursionError, OverflowError, Warning):
        return False
    return True


def is_json_schema(schema: Schema) -> bool:
    """Whether every word of the schema is used as JSON Schema 2020-12 allows it."""
    return all(
        _is_well_used(keyword, value)
        for _, part in schemas_in(schema)
        for keyword, value in part.items()
    )


def _is_well_used(keyword: str, value: Any) -> bool:
    # Asked for a whole schema, the library takes a good part of the time that a model takes; what is asked
    # here is mostly the same from model to model, and remembered.
    if keyword in _ONE:
        return isinstance(value, (dict, bool))
    if keyword in _LIST:
        return isinstance(value, list) and bool(value) and _are_schemas(value)
    if keyword in _MAP:
        return isinstance(value, dict) and _are_schemas(value.values())
    if keyword in ("title", "description", "format"):
        return isinstance(value, str)
    return keyword == "default" or _well_formed(keyword, value)


def _are_schemas(values: Iterable[object]) -> bool:
    return all(isinstance(value, (dict, bool)) for value in values)


def clean(
    schema: Schema,
    inputs: Container[str] = (),
    parts: Container[str] = (),
    *,
    annotated: bool = False,
) -> tuple[Schema, list[Note]]:
    """The schema in clean vocabulary, and what there is to say about it.

    ``parts`` holds the places of the parts that speak of the payload, and ``inputs`` all names that they declare: one
    may require what another declares. ``annotated`` keeps titles, descriptions and what else says nothing to
    a validator, for those who show the schema.
    """
    cleaner = _Cleaner(inputs, parts, annotated)
    cleaned = cleaner.clean(schema, "")
    _drop_bad_references(cleaned, cleaner.notes)
    return cleaned, cleaner.notes


class _Cleaner:
    """One pass over one schema; collects the notes."""

    def __init__(self, inputs: Container[str], parts: Container[str], annotated: bool) -> None:
        self.annotated = annotated
        self.notes: list[Note] = []
        self.inputs = inputs
        self.parts = parts

    def note(self, place: str, kind: str, subject: str, text: str) -> None:
        self.notes.append(Note(place, kind, subject, text))

    def clean(self, schema: object, place: str) -> Schema:
        if schema is True:
            return {}
        if schema is False:
            return {"not": {}}
        if not isinstance(schema, dict):
            self.note(place, "documented", "schema", "is no schema; any value is accepted here")
            return {}
        cleaned: Schema = {}
        for keyword, value in schema.items():
            if keyword in _ANNOTATIONS:
                self._annotation(keyword, value, step(place, keyword))
                if self.annotated and _well_formed(keyword, value):
                    cleaned[keyword] = value
            elif keyword in _NORMALISED:
                continue
            elif keyword in _ONE | _LIST | _MAP:
                self._inner(cleaned, keyword, value, step(place, keyword))
            elif keyword in COMPILED | _LIBRARY:
                self._assertion(cleaned, keyword, value, step(place, keyword))
            else:
                self.note(
                    step(place, keyword),
                    "documented",
                    keyword,
                    "is an unknown keyword; not checked",
                )
        for normalise in _NORMALISED.values():
            normalise(self, cleaned, schema, place)
        return cleaned

    def _annotation(self, keyword: str, value: object, place: str) -> None:
        if keyword in _FOR_PEOPLE and value is not False:
            self.note(place, "documented", keyword, "is told to people; not checked")
        if keyword != "format":
            return
        if not isinstance(value, str):
            self.note(place, "documented", "format", "is no text; not checked")
        elif not MEDIA_FORMAT.match(value) and not URI_FORMAT.match(value):
            self.note(place, "documented", value, "is a format that is documented and not checked")

    def _inner(self, cleaned: Schema, keyword: str, value: object, place: str) -> None:
        if keyword in _ONE and isinstance(value, (dict, bool)):
            if keyword == "additionalProperties" and isinstance(value, bool):
                cleaned[keyword] = value
            else:
                cleaned[keyword] = self.clean(value, place)
        elif keyword in _LIST and isinstance(value, list) and value:
            cleaned[keyword] = [self.clean(part, step(place, i)) for i, part in enumerate(value)]
        elif keyword in _MAP and isinstance(value, dict):
            if keyword == "patternProperties":
                value = self._patterns(value, place)
            cleaned[keyword] = {n: self.clean(part, step(place, n)) for n, part in value.items()}
        else:
            self._malformed(keyword, place)

    def _assertion(self, cleaned: Schema, keyword: str, value: object, place: str) -> None:
        if not _well_formed(keyword, value):
            self._malformed(keyword, place)
        elif keyword == "pattern" and not self._pattern(str(value), place):
            return
        elif keyword == "$ref" and not str(value).startswith(("#/",)) and value != "#":
            self.note(
                place, "documented", "$ref", "leads out of the document; not followed, not checked"
            )
        else:
            cleaned[keyword] = value

    def _pattern(self, pattern: str, place: str) -> bool:
        known = is_pattern(pattern)
        if not known:
            text = "is no pattern that Python understands; not checked"
            self.note(place, "documented", "pattern", text)
        return known

    def _patterns(self, schemas: Schema, place: str) -> Schema:
        """Those whose patterns are understood, also as one: the library joins them to look for others."""
        known: Schema = {}
        for pattern, schema in schemas.items():
            if not self._pattern(pattern, place):
                continue
            if is_pattern("|".join([*known, pattern])):
                known[pattern] = schema
            else:
                text = f"{_brief(pattern)} cannot stand beside the other patterns; not checked"
                self.note(place, "documented", "patternProperties", text)
        return known

    def _malformed(self, keyword: str, place: str) -> None:
        self.note(
            place, "oddity", keyword, "has a value that JSON Schema does not allow; not checked"
        )

    def type(self, cleaned: Schema, schema: Schema, place: str) -> None:
        """``float`` is a number, case does not matter, ``nullable`` adds null."""
        if "type" not in schema:
            return
        given = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not given:
            self._malformed("type", step(place, "type"))
        names = []
        for name in given:
            folded = name.casefold() if isinstance(name, str) else ""
            known = _TYPE_ALIASES.get(folded, folded)
            if known not in _TYPES:
                text = "is an unknown type; any value is accepted here"
                self.note(step(place, "type"), "documented", _brief(name), text)
                return
            if known != name:
                self.note(step(place, "type"), "oddity", str(name), f"is read as {known}")
            names.append(known)
        if schema.get("nullable") is True and "null" not in names:
            names.append("null")
        names = list(dict.fromkeys(names))
        if names:
            # First, as people write it; the rest keeps its order.
            rest = dict(cleaned)
            cleaned.clear()
            cleaned.update({"type": names[0] if len(names) == 1 else names}, **rest)

    def nullable(self, cleaned: Schema, schema: Schema, place: str) -> None:
        """OpenAPI 3.0's way to allow null."""
        if "nullable" not in schema:
            return
        if not isinstance(schema["nullable"], bool):
            self._malformed("nullable", step(place, "nullable"))
        elif schema["nullable"]:
            if "const" in cleaned and "enum" not in cleaned:
                cleaned["enum"] = [cleaned.pop("const")]
            if "enum" in cleaned and None not in cleaned["enum"]:
                cleaned["enum"] = [*cleaned["enum"], None]
                text = "null is accepted beside the given values"
                self.note(step(place, "nullable"), "oddity", "nullable", text)
            elif not {"enum", "type"} & cleaned.keys():
                text = "says nothing without a type; null is accepted where the rest accepts it"
                self.note(step(place, "nullable"), "oddity", "nullable", text)

    def exclusive(self, cleaned: Schema, schema: Schema, place: str) -> None:
        """Draft 4's boolean ``exclusiveMinimum`` makes ``minimum`` exclusive."""
        for keyword, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if keyword not in schema:
                continue
            value = schema[keyword]
            if value is True and bound in cleaned:
                cleaned[keyword] = cleaned.pop(bound)
            elif value is not False:
                self._assertion(cleaned, keyword, value, step(place, keyword))

    def required(self, cleaned: Schema, schema: Schema, place: str) -> None:
        """``required`` may name a property that does not exist; nobody could give it."""
        if "required" not in schema:
            return
        value: Any = schema["required"]
        if isinstance(value, bool) and place:
            self.note(step(place, "required"), "oddity", "required", "draft 3's form; not checked")
            return
        if not isinstance(value, list):
            self._malformed("required", step(place, "required"))
            return
        for entry in value:
            if not isinstance(entry, str):
                text = f"holds {show(entry)}, which is no name; not required"
                self.note(step(place, "required"), "oddity", "required", text)
        declared = schema.get("properties")
        given = list(dict.fromkeys(name for name in value if isinstance(name, str)))
        names = given
        known: Container[str] | None = declared if isinstance(declared, dict) else None
        if known is not None and place in self.parts:
            known = self.inputs
        elif any(k in schema for k in _IN_PLACE | {"$ref"}):
            known = None
        if known is not None:
            names = [name for name in given if name in known]
            for name in given:
                if name not in known:
                    text = f"names {_brief(name)}, which is no property; not required"
                    self.note(step(place, "required"), "oddity", "required", text)
        if names:
            cleaned["required"] = names


_NORMALISED: dict[str, Callable[[_Cleaner, Schema, Schema, str], None]] = {
    "type": _Cleaner.type,
    "nullable": _Cleaner.nullable,
    "exclusiveMinimum": _Cleaner.exclusive,
    "exclusiveMaximum": lambda *_: None,  # done with exclusiveMinimum
    "required": _Cleaner.required,
}


@lru_cache(maxsize=4096)
def _well_formed_text(text: str) -> bool:
    return bool(Draft202012Validator(Draft202012Validator.META_SCHEMA).is_valid(json.loads(text)))


def _well_formed(keyword: str, value: object) -> bool:
    if _has_non_finite(value):
        return False
    if keyword in ("enum", "const"):
        return keyword == "const" or (isinstance(value, list) and bool(value))
    return _well_formed_text(json.dumps({keyword: value}))


def _has_non_finite(value: object) -> bool:
    if isinstance(value, float):
        return value != value or value in (float("inf"), float("-inf"))
    if isinstance(value, list):
        return any(map(_has_non_finite, value))
    if isinstance(value, dict):
        return any(map(_has_non_finite, value.values()))
    return False


def schemas_in(schema: object, place: str = "") -> Iterator[tuple[str, Schema]]:
    """Every schema in a schema, itself included, with its place."""
    if not isinstance(schema, dict):
        return
    yield place, schema
    for steps, part in parts_of(schema):
        yield from schemas_in(part, step(place, *steps))


def parts_of(schema: Schema) -> Iterator[tuple[tuple[object, ...], object]]:
    """The schemas that stand directly in a schema, with the steps to them."""
    for keyword, value in schema.items():
        if keyword in _ONE:
            yield (keyword,), value
        elif keyword in _LIST and isinstance(value, list):
            yield from (((keyword, i), part) for i, part in enumerate(value))
        elif keyword in _MAP and isinstance(value, dict):
            yield from (((keyword, name), part) for name, part in value.items())


def _drop_bad_references(root: Schema, notes: list[Note]) -> None:
    """Take out references that lead nowhere or, without a step into the value, back to themselves."""
    parts = dict(schemas_in(root))
    for place, part in parts.items():
        if "$ref" in part and _target(part) not in parts:
            del part["$ref"]
            notes.append(Note(place + "/$ref", "documented", "$ref", "leads nowhere; not checked"))
    for place, part in parts.items():
        if "$ref" in part and _returns(place, parts):
            del part["$ref"]
            text = "leads back to itself without an end; not checked"
            notes.append(Note(place + "/$ref", "documented", "$ref", text))


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


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:60] + "…"
