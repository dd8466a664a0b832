"""Objects inside inputs and outputs: ``TypedDict`` classes for people and type checkers."""

from __future__ import annotations

from collections.abc import Mapping

from runcomfy_codegen.schema.keywords import Schema, schemas_in, step

from . import docstrings as texts
from . import names
from . import type_hints as types
from .literals import PythonSource, docstring, literal
from .model_spec import NestedMember, NestedSpec

__all__ = ["nested_specs"]

_INDENT = 4


def nested_specs(
    nested: tuple[types.NestedType, ...], raw: Schema, kinds: Mapping[str, str]
) -> tuple[NestedSpec, ...]:
    """The specs of the nested types of a schema.

    ``raw`` is the schema with its texts, ``kinds`` holds the pointers of media inputs and their kinds.
    """
    parts = dict(schemas_in(raw))
    return tuple(_spec(one, parts.get(one.pointer, {}), kinds) for one in nested)


def _spec(nested: types.NestedType, raw: Schema, kinds: Mapping[str, str]) -> NestedSpec:
    # The class form has no room for a name that is no attribute.
    functional = any(names.input_name(wire) != wire for wire, _, _ in nested.members)
    meaning = texts.clipped(texts.readable(raw.get("description")))
    return NestedSpec(
        nested.name,
        literal(str(nested.name)),
        docstring(meaning, _INDENT) if meaning else None,
        tuple(_member(member, nested, raw, kinds) for member in nested.members),
        functional,
    )


def _member(
    member: tuple[str, str, bool], nested: types.NestedType, raw: Schema, kinds: Mapping[str, str]
) -> NestedMember:
    wire, hint, required = member
    declared = raw.get("properties")
    own = declared.get(wire) if isinstance(declared, dict) else None
    words = texts.describe_input(
        wire,
        wire,
        own if isinstance(own, dict) else {},
        nested.schema["properties"][wire],
        hint,
        texts.file_words(kinds.get(step(nested.pointer, "properties", wire)), hint),
        [],
    )
    hint = hint if required else f"NotRequired[{hint}]"
    return NestedMember(
        wire,
        literal(wire),
        PythonSource(hint),
        literal(hint),
        docstring(words, _INDENT) if words else None,
    )
