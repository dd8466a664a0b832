"""Rewriting older dialects of JSON Schema, and OpenAPI 3.0, as 2020-12.

``$schema`` at the root says which dialect a document is written in. Without it a document is read as 2020-12, and
what cannot be meant in it is reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from runcomfy_codegen.diagnostics import Diagnostic

from .keywords import (
    ANNOTATIONS,
    ONE_SCHEMA,
    SCHEMA_LIST,
    SCHEMA_MAP,
    Schema,
    step,
)
from .references import ref_to, target_of

__all__ = ["CURRENT", "modernise"]

#: The dialect that everything is rewritten in.
CURRENT = "https://json-schema.org/draft/2020-12/schema"

#: The values of ``$schema`` that name a dialect of the specifications.
_KNOWN = re.compile(
    r"https?://(json-schema\.org/(draft-0[3-7]/|draft/20(19-09|20-12)/)|spec\.openapis\.org/oas/3\.[01]/)"
)
#: A part of ``$schema`` -> the name of an older dialect.
_OLD = {
    "draft-03": "draft 3",
    "draft-04": "draft 4",
    "draft-05": "draft 4",
    "draft-06": "draft 6",
    "draft-07": "draft 7",
    "2019-09": "2019-09",
    "openapis.org/oas/3.0": "OpenAPI 3.0",
}

#: The ``$dynamicAnchor`` that replaces a ``$recursiveAnchor``, which has no name.
_RECURSIVE = "recursive"

#: The dialects in which the siblings of ``$ref`` are ignored.
_LONELY_REF = {"draft 3", "draft 4", "draft 6", "draft 7", "OpenAPI 3.0"}

#: The siblings of ``$ref`` that are kept even so: texts, and definitions.
_BESIDE_REF = ANNOTATIONS | {"$ref", "$defs", "definitions", "$id", "id", "validations"}


def modernise(schema: Schema) -> tuple[Schema, list[Diagnostic]]:
    """The schema in 2020-12, and notes on what its dialect ignores; the schema itself where it is no older one."""
    written = schema.get("$schema")
    dialect = next(
        (name for part, name in _OLD.items() if isinstance(written, str) and part in written), None
    )
    notes: list[Diagnostic] = []
    if isinstance(written, str) and not _KNOWN.match(written):
        text = f"is not a known dialect; the schema is read as {dialect or '2020-12'}"
        notes.append(Diagnostic("/$schema", "documented", "$schema", text))
    if dialect is None:
        return schema, notes
    rewriter = _Rewriter(dialect, notes)
    made = rewriter.rewritten(schema, _Spot())
    rewriter.redirect()
    return {**made, "$schema": CURRENT}, rewriter.notes


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a schema stands: its place as it was written, its place now, and the same of what has the nearest id."""

    old: str = ""
    new: str = ""
    old_home: str = ""
    new_home: str = ""
    #: Whether what has the nearest id is a ``$recursiveAnchor``.
    recursive: bool = False

    def to(self, keyword: str, *steps: object, renamed: str = "") -> _Spot:
        """The spot of a schema inside, whose keyword may have another name now."""
        old, new = step(self.old, keyword, *steps), step(self.new, renamed or keyword, *steps)
        return replace(self, old=old, new=new)


@dataclass(slots=True)
class _Rewriter:
    dialect: str
    notes: list[Diagnostic] = field(default_factory=list)
    #: Where each schema stood -> where it stands.
    moved: dict[str, str] = field(default_factory=dict)
    #: Schemas with a reference by a pointer, and their spots.
    pointing: list[tuple[Schema, _Spot]] = field(default_factory=list)

    def rewritten(self, schema: Any, spot: _Spot) -> Any:
        self.moved[spot.old] = spot.new
        if not isinstance(schema, dict):
            return schema
        if self.dialect in _LONELY_REF and isinstance(schema.get("$ref"), str):
            schema = self.alone(schema, spot.old)
        made: Schema = {}
        name = schema.get("id" if self.dialect in ("draft 3", "draft 4") else "$id")
        recursive = schema.get("$recursiveAnchor") is True
        if isinstance(name, str) and not name.startswith("#"):
            spot = replace(spot, old_home=spot.old, new_home=spot.new, recursive=recursive)
        elif not spot.old:
            spot = replace(spot, recursive=recursive)
        for keyword, value in schema.items():
            self.keyword(made, keyword, value, schema, spot)
        if target_of(made.get("$ref")):
            self.pointing.append((made, spot))
        return made

    def keyword(self, made: Schema, keyword: str, value: Any, schema: Schema, spot: _Spot) -> None:
        if keyword == "items" and isinstance(value, list):
            made["prefixItems"] = self.all(value, spot, keyword, "prefixItems")
        elif keyword == "additionalItems":
            if isinstance(schema.get("items"), list):
                made["items"] = self.rewritten(value, spot.to(keyword, renamed="items"))
        elif keyword == "dependencies" and isinstance(value, dict):
            self.split_dependencies(made, value, spot)
        elif keyword == "id" and self.dialect in ("draft 3", "draft 4"):
            made["$id"] = value
        elif keyword == "$recursiveRef" and self.dialect == "2019-09":
            made.update({"$dynamicRef": f"#{_RECURSIVE}"} if spot.recursive else {"$ref": value})
        elif keyword == "$recursiveAnchor" and self.dialect == "2019-09":
            if value is True:
                made["$dynamicAnchor"] = _RECURSIVE
        elif keyword in ONE_SCHEMA:
            made[keyword] = self.rewritten(value, spot.to(keyword))
        elif keyword in SCHEMA_LIST and isinstance(value, list):
            made[keyword] = self.all(value, spot, keyword, keyword)
        elif keyword in SCHEMA_MAP and isinstance(value, dict):
            made[keyword] = {
                name: self.rewritten(part, spot.to(keyword, name)) for name, part in value.items()
            }
        else:
            made[keyword] = value

    def all(self, parts: list[Any], spot: _Spot, keyword: str, renamed: str) -> list[Any]:
        return [
            self.rewritten(part, spot.to(keyword, i, renamed=renamed))
            for i, part in enumerate(parts)
        ]

    def redirect(self) -> None:
        """Rewrite pointers to the new places of schemas."""
        for part, spot in self.pointing:
            target = self.moved.get(spot.old_home + str(target_of(part["$ref"])))
            if target is not None and target.startswith(spot.new_home):
                part["$ref"] = ref_to(target[len(spot.new_home) :])

    def alone(self, schema: Schema, place: str) -> Schema:
        """The schema without what its dialect ignores beside ``$ref``."""
        self.notes += [
            Diagnostic(
                step(place, keyword),
                "documented",
                keyword,
                f"is next to $ref, where {self.dialect} ignores it; not checked",
            )
            for keyword in schema
            if keyword not in _BESIDE_REF
        ]
        # An $id beside $ref is ignored as well: it changes no base.
        return {k: v for k, v in schema.items() if k in _BESIDE_REF - {"$id", "id"}}

    def split_dependencies(self, made: Schema, given: Schema, spot: _Spot) -> None:
        names = {name: part for name, part in given.items() if isinstance(part, list)}
        names |= {name: [part] for name, part in given.items() if isinstance(part, str)}  # draft 3
        if names:
            made["dependentRequired"] = names
        schemas = {
            name: self.rewritten(part, spot.to("dependencies", name, renamed="dependentSchemas"))
            for name, part in given.items()
            if name not in names
        }
        if schemas:
            made["dependentSchemas"] = schemas
