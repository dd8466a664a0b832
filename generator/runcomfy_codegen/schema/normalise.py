"""Normalising schemas to the clean vocabulary that validation uses.

Real schemas hold words that JSON Schema does not know (``type: float``, ``validations``), and a new model may
bring anything. ``clean`` gives the schema in JSON Schema 2020-12, together with a note for each word that
was changed, left out, or is only documented. Nothing is left out without a note.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from runcomfy.model.messages import show
from runcomfy.model.patterns import is_bounded
from runcomfy_codegen.diagnostics import Diagnostic
from runcomfy_codegen.schema.keywords import (
    ANNOTATIONS,
    ASSERTIONS,
    FOR_PEOPLE,
    HOLDERS,
    IN_PLACE,
    ONE_SCHEMA,
    SCHEMA_LIST,
    SCHEMA_MAP,
    TURNING,
    TYPE_ALIASES,
    TYPES,
    Schema,
    is_pattern,
    schemas_in,
    step,
)

from .dialects import modernise
from .looseness import Loose, drop_bad_references, drop_what_turns
from .media_rules import MEDIA_FORMAT, URI_FORMAT
from .references import METASCHEMAS, localise

__all__ = ["canonical", "clean", "is_json_schema"]


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
    if keyword in ONE_SCHEMA:
        return isinstance(value, (dict, bool))
    if keyword in SCHEMA_LIST:
        return isinstance(value, list) and bool(value) and _are_schemas(value)
    if keyword in SCHEMA_MAP:
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
) -> tuple[Schema, list[Diagnostic]]:
    """The schema in clean vocabulary, and what there is to say about it.

    ``parts`` holds the places of the parts that speak of the payload, and ``inputs`` all names that they declare: one
    may require what another declares. ``annotated`` keeps titles, descriptions and what else says nothing to
    a validator, for those who show the schema.
    """
    written, notes = canonical(schema)
    cleaner = _Cleaner(inputs, parts, annotated, notes)
    cleaned = cleaner.clean(written, "")
    before = -1
    while before != len(notes):  # what is left out may be what another reference leads to
        before = len(notes)
        drop_bad_references(cleaned, cleaner.loose)
        drop_what_turns(cleaned, cleaner.loose)
    return cleaned, notes


def canonical(schema: Any) -> tuple[Any, list[Diagnostic]]:
    """The schema in the dialect 2020-12, with local references as pointers; doing it again changes nothing."""
    if not isinstance(schema, dict):
        return schema, []
    modern, notes = modernise(schema)
    return localise(modern), notes


class _Cleaner:
    """One pass over one schema; collects the notes."""

    def __init__(
        self,
        inputs: Container[str],
        parts: Container[str],
        annotated: bool,
        notes: list[Diagnostic],
    ) -> None:
        self.annotated = annotated
        self.notes = notes
        self.inputs = inputs
        self.parts = parts
        self.loose = Loose(notes)
        #: How many keywords above turn a verdict round.
        self.turned = 0

    def note(self, place: str, kind: str, subject: str, text: str) -> None:
        self.notes.append(Diagnostic(place, kind, subject, text))

    def clean(self, schema: object, place: str) -> Schema:
        if schema is True:
            return {}
        if schema is False:
            return {"not": {}}
        cleaned: Schema = {}
        if not isinstance(schema, dict):
            self.note(place, "documented", "schema", "is not a schema; any value is accepted here")
            self.loose.add(cleaned)
            return cleaned
        for keyword, value in schema.items():
            if keyword in ANNOTATIONS:
                self._annotation(keyword, value, step(place, keyword))
                if keyword == "format":
                    self.loose.formatted.add(id(cleaned))
                if self.annotated and _well_formed(keyword, value):
                    cleaned[keyword] = value
            elif keyword in _NORMALISED:
                continue
            elif keyword in HOLDERS:
                self._inner(cleaned, keyword, value, step(place, keyword))
            elif keyword in ASSERTIONS:
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
        if keyword in FOR_PEOPLE and value is not False:
            self.note(place, "documented", keyword, "is documentation only; not checked")
        if keyword != "format":
            return
        if not isinstance(value, str):
            self.note(place, "documented", "format", "is not a string; not checked")
        elif not MEDIA_FORMAT.match(value) and not URI_FORMAT.match(value):
            self.note(place, "documented", value, "is a documented format; not checked")

    def _inner(self, cleaned: Schema, keyword: str, value: object, place: str) -> None:
        self.turned += keyword in TURNING
        if keyword in ONE_SCHEMA and isinstance(value, (dict, bool)):
            if keyword == "additionalProperties" and isinstance(value, bool):
                cleaned[keyword] = value
            else:
                cleaned[keyword] = self.clean(value, place)
        elif keyword in SCHEMA_LIST and isinstance(value, list) and value:
            cleaned[keyword] = [self.clean(part, step(place, i)) for i, part in enumerate(value)]
        elif keyword in SCHEMA_MAP and isinstance(value, dict):
            if keyword == "patternProperties":
                value = self._patterns(cleaned, value, place)
            cleaned[keyword] = {n: self.clean(part, step(place, n)) for n, part in value.items()}
        else:
            self._malformed(cleaned, keyword, place)
        self.turned -= keyword in TURNING

    def _assertion(self, cleaned: Schema, keyword: str, value: object, place: str) -> None:
        if not _well_formed(keyword, value):
            self._malformed(cleaned, keyword, place)
        elif keyword == "pattern" and not self._pattern(str(value), place):
            self.loose.add(cleaned)
        elif keyword == "$ref" and not str(value).startswith("#") and value not in METASCHEMAS:
            text = "points outside the document; not followed, not checked"
            self.note(place, "documented", "$ref", text)
            self.loose.add(cleaned, in_place=True)
        else:
            cleaned[keyword] = value
            if keyword == "enum" and not value:
                self.note(place, "oddity", "enum", "is empty: no value is accepted")

    def _pattern(self, pattern: str, place: str) -> bool:
        text = ""
        if not is_pattern(pattern):
            text = "is not a pattern that Python supports; not checked"
        elif not is_bounded(pattern):
            text = "is a pattern with unbounded backtracking; not checked"
        if text:
            self.note(place, "documented", "pattern", text)
        return not text

    def _patterns(self, cleaned: Schema, schemas: Schema, place: str) -> Schema:
        """The pattern properties with supported patterns, which must also work joined: the library joins them."""
        known: Schema = {}
        for pattern, schema in schemas.items():
            if self._pattern(pattern, place):
                if is_pattern("|".join([*known, pattern])):
                    known[pattern] = schema
                    continue
                text = f"{_brief(pattern)} cannot be combined with the other patterns; not checked"
                self.note(place, "documented", "patternProperties", text)
            self.loose.add(cleaned, in_place=True)
            self.loose.nameless.add(id(cleaned))
        return known

    def _malformed(self, cleaned: Schema, keyword: str, place: str) -> None:
        self.loose.add(cleaned, in_place=True)
        self.note(
            place, "oddity", keyword, "has a value that JSON Schema does not allow; not checked"
        )

    def type(self, cleaned: Schema, schema: Schema, place: str) -> None:
        """``float`` is a number, case does not matter, ``nullable`` adds null."""
        if "type" not in schema:
            return
        given = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not given:
            self._malformed(cleaned, "type", step(place, "type"))
        names = []
        for name in given:
            folded = name.casefold() if isinstance(name, str) else ""
            known = TYPE_ALIASES.get(folded, folded)
            if known not in TYPES:
                text = "is an unknown type; any value is accepted here"
                self.note(step(place, "type"), "documented", _brief(name), text)
                self.loose.add(cleaned)
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
            self._malformed(cleaned, "nullable", step(place, "nullable"))
        elif schema["nullable"]:
            if "const" in cleaned and "enum" not in cleaned:
                cleaned["enum"] = [cleaned.pop("const")]
            if "enum" in cleaned and None not in cleaned["enum"]:
                cleaned["enum"] = [*cleaned["enum"], None]
                text = "null is accepted in addition to the listed values"
                self.note(step(place, "nullable"), "oddity", "nullable", text)
            elif not {"enum", "type"} & cleaned.keys():
                text = "has no effect without a type; null is accepted where the rest accepts it"
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
        """``required`` may name a property that does not exist, which no caller could provide."""
        if "required" not in schema:
            return
        value: Any = schema["required"]
        if isinstance(value, bool) and place:
            self.note(
                step(place, "required"), "oddity", "required", "uses the draft 3 form; not checked"
            )
            self.loose.add(cleaned)
            return
        if not isinstance(value, list):
            self._malformed(cleaned, "required", step(place, "required"))
            return
        for entry in value:
            if not isinstance(entry, str):
                text = f"holds {show(entry)}, which is not a name; not required"
                self.note(step(place, "required"), "oddity", "required", text)
                self.loose.add(cleaned)
        declared = schema.get("properties")
        given = list(dict.fromkeys(name for name in value if isinstance(name, str)))
        names = given
        known: Container[str] | None = declared if isinstance(declared, dict) else None
        if known is not None and place in self.parts:
            known = self.inputs
        elif any(k in schema for k in IN_PLACE | {"$ref"}):
            known = None
        if self.turned:  # an option or a condition that nothing can meet is meant, or at least said
            known = None
        if known is not None:
            names = [name for name in given if name in known]
            for name in given:
                if name not in known:
                    text = f"names {_brief(name)}, which is not a property; not required"
                    self.note(step(place, "required"), "oddity", "required", text)
                    self.loose.add(cleaned)
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


_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
#: Keywords whose values are usually plain, so that the slow check by the library is skipped.
_QUICK: dict[str, type] = {
    **dict.fromkeys(("title", "description", "format"), str),
    **dict.fromkeys(_NUMBERS, int),
}


def _well_formed(keyword: str, value: object) -> bool:
    if value.__class__ is _QUICK.get(keyword):
        return True
    if keyword == "type" and value.__class__ is str:
        return value in TYPES
    if _has_non_finite(value):
        return False
    if keyword == "default" or (value.__class__ is float and keyword in _NUMBERS):
        return True
    if keyword in ("enum", "const"):
        return keyword == "const" or isinstance(value, list)
    if keyword == "required" and isinstance(value, list):
        return all(isinstance(one, str) for one in value) and len(set(value)) == len(value)
    return _well_formed_text(json.dumps({keyword: value}))


def _has_non_finite(value: object) -> bool:
    if isinstance(value, float):
        return value != value or value in (float("inf"), float("-inf"))
    if isinstance(value, list):
        return any(map(_has_non_finite, value))
    if isinstance(value, dict):
        return any(map(_has_non_finite, value.values()))
    return False


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:60] + "…"
