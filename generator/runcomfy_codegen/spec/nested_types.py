"""Objects inside inputs and outputs: ``TypedDict`` classes for people and type checkers."""

from __future__ import annotations

from collections.abc import Mapping

from runcomfy_codegen.schema.flatten import Flattener
from runcomfy_codegen.schema.keywords import Schema, schemas_in

from . import docstrings as texts
from . import names
from . import type_hints as types
from .model_spec import NestedMember, NestedSpec
from .python_source import PythonSource, docstring, literal

__all__ = ["nested_specs"]

_INDENT = 4


def nested_specs(
    nested: tuple[types.NestedType, ...], raw: Schema, kinds: Mapping[str, str]
) -> tuple[NestedSpec, ...]:
    """The specs of the nested types of a schema.

    ``raw`` is the schema with its texts, ``kinds`` holds the pointers of media inputs and their kinds.
    """
    parts = dict(schemas_in(raw))
    flattener = Flattener(raw)
    written = {pointer: flattener.flat(part) for pointer, part in parts.items()}
    return tuple(_spec(one, written, kinds) for one in nested)


def _spec(
    nested: types.NestedType, written: Mapping[str, Schema], kinds: Mapping[str, str]
) -> NestedSpec:
    # The class form has no room for a name that is no attribute.
    functional = any(names.input_name(one.wire_name) != one.wire_name for one in nested.members)
    meaning = texts.clipped(texts.readable(written.get(nested.pointer, {}).get("description")))
    return NestedSpec(
        nested.name,
        literal(str(nested.name)),
        docstring(meaning, _INDENT) if meaning else None,
        tuple(_member(one, written, kinds) for one in nested.members),
        functional,
    )


def _member(
    member: types.TypedMember, written: Mapping[str, Schema], kinds: Mapping[str, str]
) -> NestedMember:
    wire, hint = member.wire_name, member.hint
    words = texts.describe_input(
        wire,
        wire,
        written.get(member.pointer, {}),
        member.schema,
        hint,
        texts.file_words(kinds.get(member.pointer), hint),
        [],
    )
    hint = hint if member.required else f"NotRequired[{hint}]"
    return NestedMember(
        wire,
        literal(wire),
        PythonSource(hint),
        literal(hint),
        docstring(words, _INDENT) if words else None,
    )
