"""Where a schema contradicts itself: told in the report, so that a person can correct it."""

from __future__ import annotations

from typing import Any

from runcomfy.model.messages import show
from runcomfy_codegen.diagnostics import Diagnostic

from .keywords import Schema, schemas_in
from .reference_validator import Validator

__all__ = ["oddities"]


def oddities(raw: Schema, cleaned: Schema, example: dict[str, Any] | None) -> list[Diagnostic]:
    """The contradictions between a schema, its demo values and its example."""
    notes = []
    written = dict(schemas_in(raw))
    for place, part in schemas_in(cleaned):
        if place and place in written:
            notes += _of_part(place, written[place], part, cleaned)
    errors = [] if example is None else Validator(cleaned).iter_errors(example)
    notes += [
        Diagnostic("", "oddity", "example", f"breaks {error.validator} at {error.json_path[:80]}")
        for error in errors
    ]
    return notes


def _of_part(place: str, declared: Schema, part: Schema, root: Schema) -> list[Diagnostic]:
    notes = []
    if "default" in declared:
        default = declared["default"]
        if default is None:
            notes.append(
                Diagnostic(place, "oddity", "default", "is null, which stands for no demo value")
            )
        elif "enum" in part and default not in part["enum"]:
            notes.append(Diagnostic(place, "oddity", "default", "is none of the enum's values"))
        elif not Validator(root).evolve(schema=part).is_valid(default):
            notes.append(Diagnostic(place, "oddity", "default", "breaks the input's own rules"))
    if "enum" in part:
        rest = Validator(root).evolve(schema={k: v for k, v in part.items() if k != "enum"})
        notes += [
            Diagnostic(
                place, "oddity", "enum", f"value {show(value)} breaks the input's other rules"
            )
            for value in part["enum"]
            if not rest.is_valid(value)
        ]
    return notes
