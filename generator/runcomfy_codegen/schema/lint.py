"""Lint: contradictions within a schema, for the report."""

from __future__ import annotations

from typing import Any

from runcomfy.model.messages import show
from runcomfy_codegen.diagnostics import Diagnostic

from .keywords import Schema, schemas_in
from .reference_validator import TooMuchWork, broken_rules, keeps

__all__ = ["oddities"]


def oddities(raw: Schema, cleaned: Schema, example: dict[str, Any] | None) -> list[Diagnostic]:
    """The contradictions between a schema, its demo values and its example."""
    notes = []
    written = dict(schemas_in(raw))
    for place, part in schemas_in(cleaned):
        if place and place in written:
            notes += _of_part(place, written[place], part, cleaned)
    if example is not None:
        notes += _of_example(example, cleaned)
    return notes


def _of_example(example: dict[str, Any], root: Schema) -> list[Diagnostic]:
    try:
        broken = broken_rules(root, root, example)
    except TooMuchWork:
        return [Diagnostic("", "oddity", "example", "takes too many steps to check; not checked")]
    return [
        Diagnostic("", "oddity", "example", f"violates {rule} at {place[:80]}")
        for rule, place in broken
    ]


def _of_part(place: str, declared: Schema, part: Schema, root: Schema) -> list[Diagnostic]:
    notes = []
    if "default" in declared:
        default = declared["default"]
        if default is None:
            notes.append(
                Diagnostic(
                    place, "oddity", "default", "is null, which means that there is no demo value"
                )
            )
        elif "enum" in part and default not in part["enum"]:
            notes.append(Diagnostic(place, "oddity", "default", "is not one of the enum's values"))
        elif keeps(root, part, default) is False:
            notes.append(Diagnostic(place, "oddity", "default", "violates the input's own rules"))
    if "enum" in part:
        rest = {k: v for k, v in part.items() if k != "enum"}
        notes += [
            Diagnostic(
                place, "oddity", "enum", f"value {show(value)} violates the input's other rules"
            )
            for value in part["enum"]
            if keeps(root, rest, value) is False
        ]
    return notes
