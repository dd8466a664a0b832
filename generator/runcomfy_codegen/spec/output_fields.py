"""The documented fields of a model's output."""

from __future__ import annotations

import json
from collections.abc import Collection
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from runcomfy_codegen.diagnostics import Diagnostic
from runcomfy_codegen.schema.flatten import Flattener
from runcomfy_codegen.schema.inputs import gather_inputs
from runcomfy_codegen.schema.keywords import Schema, schemas_in, step
from runcomfy_codegen.schema.normalise import canonical, clean

from . import docstrings as texts
from . import names
from . import type_hints as types
from .model_spec import OutputField
from .names import Identifier
from .python_source import PythonSource, docstring, literal

__all__ = ["OutputFields", "build_outputs"]

_INDENT = 4
#: Unions in unions that are looked into.
_DEEPEST = 8
_NO_INPUT = "are rules about files of an output; not checked"

#: The ``isinstance`` types of a documented field, by JSON type.
_KINDS = {
    "string": ("str",),
    "integer": ("int",),
    "number": ("int", "float"),
    "boolean": ("bool",),
    "array": ("list",),
    "object": ("dict",),
    "null": (),
    "any": ("object",),
}


@dataclass(frozen=True, slots=True)
class OutputFields:
    """The fields, the objects inside them, and notes on the schema."""

    #: The canonical schema, with its texts.
    schema: Schema
    fields: tuple[OutputField, ...]
    nested: tuple[types.NestedType, ...]
    notes: tuple[Diagnostic, ...]


#: Schema, as text -> its fields. Most models have the outputs of others; an object inside them is named after the class.
_known: dict[str, OutputFields] = {}
_MOST_REMEMBERED = 1_000


def build_outputs(
    raw: Schema, output_class: Identifier, type_templates: Path, taken: Collection[str] = ()
) -> OutputFields:
    """The outputs that an output schema documents; none is a fine answer."""
    text = json.dumps(raw)
    if text in _known:
        return _known[text]
    made = _build(raw, output_class, type_templates, taken)
    if not made.nested and len(_known) < _MOST_REMEMBERED:
        _known[text] = made
    return made


def _build(
    raw: Schema, output_class: Identifier, type_templates: Path, taken: Collection[str]
) -> OutputFields:
    raw, dialect_notes = canonical(raw)
    cleaned, found = clean(raw)
    found += dialect_notes
    found += [
        Diagnostic(step(place, "validations"), "documented", "validations", _NO_INPUT)
        for place, part in schemas_in(raw)
        if "validations" in part
    ]
    notes = tuple(Diagnostic("output.json" + n.place, n.kind, n.subject, n.text) for n in found)
    raw = gather_inputs(raw).schema  # a root reference or allOf may declare the fields
    cleaned, _ = clean(raw)
    properties: Schema = cleaned.get("properties", {})
    if not properties:
        return OutputFields(raw, (), (), notes)
    opened = _opened(cleaned)
    hints = types.hints(
        opened, output_class, type_templates, frozen=False, taken=taken, written=raw
    )
    notes += tuple(
        Diagnostic("output.json" + n.place, n.kind, n.subject, n.text) for n in hints.notes
    )
    flattener, written = Flattener(cleaned), Flattener(raw)
    answers = Flattener(opened)
    fields: dict[Identifier, OutputField] = {}
    for wire in properties:
        name = names.input_name(wire)
        if name in fields:
            text = f"has the name of another field, {name}; it is available in raw only"
            notes = (
                *notes,
                Diagnostic(step("output.json/properties", wire), "documented", name, text),
            )
        else:
            own = written.flat(raw["properties"][wire])
            limits = flattener.flat(properties[wire])
            kinds = _kinds(opened["properties"][wire], answers)
            fields[name] = _field(wire, name, limits, hints.hints[wire], own, kinds)
    return OutputFields(raw, tuple(fields.values()), hints.nested, notes)


def _opened(cleaned: Schema) -> Schema:
    """A clean schema without lists of allowed values: a service may answer with new ones, of the same types."""
    opened = deepcopy(cleaned)
    for _, part in schemas_in(opened):
        values = [*part.pop("enum", ()), *([part.pop("const")] if "const" in part else [])]
        if values and part.keys().isdisjoint(("type", "$ref", "allOf", "anyOf", "oneOf")):
            found = types.types_of(values)
            part["type"] = found[0] if len(found) == 1 else found
    return opened


def _kinds(schema: Schema, flattener: Flattener) -> list[str]:
    """The ``isinstance`` types: every type that the schema or one of its options names."""
    return sorted({kind for one in _types(schema, flattener, 0) for kind in _KINDS[one]})


def _types(schema: Schema, flattener: Flattener, depth: int) -> set[str]:
    flat = flattener.flat(schema)
    given = flat.get("type")
    own: set[str] = {given} if isinstance(given, str) else set(given or ())
    if own:
        return own
    options = [part for word in ("anyOf", "oneOf") for part in flat.get(word, ())]
    if not options or depth > _DEEPEST:
        return {"object"} if "properties" in flat else {"any"}
    return {name for part in options for name in _types(part, flattener, depth + 1)}


def _field(
    wire: str, name: Identifier, cleaned: Schema, hint: str, raw: Schema, kinds: list[str]
) -> OutputField:
    words = texts.describe_output(raw, cleaned)
    return OutputField(
        name,
        literal(str(name)),
        literal(wire),
        PythonSource(hint if hint == "Any" or hint.endswith("None") else f"{hint} | None"),
        PythonSource(f"({', '.join(kinds)}{',' if len(kinds) == 1 else ''})"),
        docstring(words, _INDENT) if words else None,
    )
