"""Older dialects of JSON Schema, and OpenAPI 3.0, rewritten in the words of 2020-12.

``$schema`` at the root says which dialect a document is written in. Without it a document is read as 2020-12, and
what cannot be meant in it is reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runcomfy_codegen.diagnostics import Diagnostic

from .keywords import (
    ANNOTATIONS,
    ONE_SCHEMA,
    SCHEMA_LIST,
    SCHEMA_MAP,
    Schema,
    schemas_in,
    step,
)
from .references import ref_to, target_of

__all__ = ["CURRENT", "modernise"]

#: The dialect that everything is rewritten in.
CURRENT = "https://json-schema.org/draft/2020-12/schema"

#: A part of ``$schema`` -> the name of the dialect.
_OLD = {
    "draft-03": "draft 3",
    "draft-04": "draft 4",
    "draft-05": "draft 4",
    "draft-06": "draft 6",
    "draft-07": "draft 7",
    "2019-09": "2019-09",
    "openapis.org/oas/3.0": "OpenAPI 3.0",
}

#: The dialects in which ``$ref`` stands alone: whatever is beside it is ignored.
_LONELY_REF = {"draft 3", "draft 4", "draft 6", "draft 7", "OpenAPI 3.0"}

#: What may stand beside a lonely ``$ref`` all the same: texts, and where other schemas are kept.
_BESIDE_REF = ANNOTATIONS | {"$ref", "$defs", "definitions", "$id", "id", "validations"}


def modernise(schema: Schema) -> tuple[Schema, list[Diagnostic]]:
    """The schema in 2020-12, and notes on what its dialect ignores; the schema itself where it is no older one."""
    written = schema.get("$schema")
    dialect = next(
        (name for part, name in _OLD.items() if isinstance(written, str) and part in written), None
    )
    if dialect is None:
        return schema, []
    rewriter = _Rewriter(dialect)
    made = rewriter.rewritten(schema, "")
    for _, part in schemas_in(made):
        target = target_of(part.get("$ref"))
        if target in rewriter.moved:
            part["$ref"] = ref_to(rewriter.moved[target])
    return {**made, "$schema": CURRENT}, rewriter.notes


@dataclass(slots=True)
class _Rewriter:
    dialect: str
    notes: list[Diagnostic] = field(default_factory=list)
    #: Where schemas stood whose keyword has another name now -> where they stand.
    moved: dict[str, str] = field(default_factory=dict)

    def rewritten(self, schema: Any, place: str) -> Any:
        if not isinstance(schema, dict):
            return schema
        if self.dialect in _LONELY_REF and isinstance(schema.get("$ref"), str):
            schema = self.alone(schema, place)
        made: Schema = {}
        for keyword, value in schema.items():
            where = step(place, keyword)
            if keyword == "items" and isinstance(value, list):
                made["prefixItems"] = self.all(value, where, step(place, "prefixItems"))
            elif keyword == "additionalItems":
                if isinstance(schema.get("items"), list):
                    made["items"] = self.rewritten(value, where)
                    self.moved[where] = step(place, "items")
            elif keyword == "dependencies" and isinstance(value, dict):
                self.split_dependencies(made, value, where)
            elif keyword == "id" and self.dialect in ("draft 3", "draft 4"):
                made["$id"] = value
            elif keyword == "$recursiveRef" and self.dialect == "2019-09":
                made["$ref"] = value
            elif keyword == "$recursiveAnchor" and self.dialect == "2019-09":
                continue
            elif keyword in ONE_SCHEMA:
                made[keyword] = self.rewritten(value, where)
            elif keyword in SCHEMA_LIST and isinstance(value, list):
                made[keyword] = self.all(value, where, where)
            elif keyword in SCHEMA_MAP and isinstance(value, dict):
                made[keyword] = {
                    name: self.rewritten(part, step(where, name)) for name, part in value.items()
                }
            else:
                made[keyword] = value
        return made

    def all(self, parts: list[Any], place: str, new_place: str) -> list[Any]:
        if place != new_place:
            self.moved |= {step(place, i): step(new_place, i) for i in range(len(parts))}
        return [self.rewritten(part, step(place, i)) for i, part in enumerate(parts)]

    def alone(self, schema: Schema, place: str) -> Schema:
        """The schema without what its dialect ignores beside ``$ref``."""
        self.notes += [
            Diagnostic(
                step(place, keyword),
                "documented",
                keyword,
                f"stands beside $ref, where {self.dialect} ignores it; not checked",
            )
            for keyword in schema
            if keyword not in _BESIDE_REF
        ]
        # An $id beside $ref is ignored as well: it changes no base.
        return {k: v for k, v in schema.items() if k in _BESIDE_REF - {"$id", "id"}}

    def split_dependencies(self, made: Schema, given: Schema, place: str) -> None:
        names = {name: part for name, part in given.items() if isinstance(part, list)}
        names |= {name: [part] for name, part in given.items() if isinstance(part, str)}  # draft 3
        if names:
            made["dependentRequired"] = names
        schemas = {
            name: self.rewritten(part, step(place, name))
            for name, part in given.items()
            if name not in names
        }
        if schemas:
            made["dependentSchemas"] = schemas
            home = place.rpartition("/")[0]
            self.moved |= {
                step(place, name): step(home, "dependentSchemas", name) for name in schemas
            }
