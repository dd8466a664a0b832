"""The checks of ``enum`` and ``const``: membership in the allowed values, and the constants that hold them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runcomfy.model import is_member
from runcomfy_codegen.schema.keywords import Schema
from runcomfy_codegen.schema.kinds import Kinds

from .check_tree import Constant, Test, ValueCheck
from .conditions import condition_test
from .names import Identifier
from .python_source import literal

__all__ = ["choice_check", "is_choice", "member_test"]


def is_choice(part: Schema) -> bool:
    """Whether a schema lists its values."""
    return "enum" in part or "const" in part


def _choices_of(part: Schema) -> tuple[Any, ...]:
    """The values that a schema lists."""
    return (part["const"],) if "const" in part else tuple(part["enum"])


def choice_check(
    check: ValueCheck,
    schema: Schema,
    kinds: Kinds,
    steps: tuple[str | Identifier, ...],
    constants: dict[str, Constant],
) -> ValueCheck:
    """``check`` with the test that the value, of any type, is one of those listed."""
    allowed = tuple(value for part in kinds.values() for value in _choices_of(part))
    value = check.variable
    if "const" in schema and "enum" not in schema:
        condition = f"not is_member({value}, {literal(allowed)})"
        return replace(check, choice=condition_test(condition, "const", schema["const"]))
    if "enum" in schema:  # in the schema's order
        allowed = _in_order(schema["enum"], allowed)
    nullable = None in allowed
    types = {type(value) for value in allowed if value is not None}
    if types not in ({str}, {int}):
        condition = f"not is_member({value}, {literal(allowed)})"
        return replace(check, choice=condition_test(condition, "enum", allowed))
    constant = _constant(steps, allowed, constants)
    classes = ("str",) if types == {str} else ("int", "float")
    wrong = [f"{value}.__class__ is not {name}" for name in classes]
    wrong += [f"{value} is not None"] * nullable
    refused = " and ".join(wrong) if len(wrong) == 1 else f"({' and '.join(wrong)})"
    condition = f"{refused} or {value} not in {constant.name}"
    return replace(check, choice=condition_test(condition, "enum", allowed), constant=constant)


def member_test(
    schema: Schema,
    variable: Identifier,
    steps: tuple[str | Identifier, ...],
    constants: dict[str, Constant],
) -> Test:
    """The test that a value of a known type is one of those listed."""
    allowed = _choices_of(schema)
    if {type(value) for value in allowed} in ({str}, {int}):
        constant = _constant(steps, allowed, constants)
        return condition_test(f"{variable} not in {constant.name}", "enum", allowed)
    return condition_test(f"not is_member({variable}, {literal(allowed)})", "enum", allowed)


def _constant(
    steps: tuple[str | Identifier, ...], allowed: tuple[Any, ...], constants: dict[str, Constant]
) -> Constant:
    """The constant of these values, added to ``constants`` under a free name."""
    words = [step for step in steps if not isinstance(step, Identifier)]
    name = Identifier("_".join(["ALLOWED", *map(_constant_word, words)]))
    made = Constant(name, tuple(map(literal, allowed)))
    while name in constants and constants[name] != made:
        name = Identifier(f"{name}_")
        made = replace(made, name=name)
    return constants.setdefault(name, made)


def _constant_word(word: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in word).upper()


def _in_order(values: list[Any], allowed: tuple[Any, ...]) -> tuple[Any, ...]:
    """The allowed ones of ``values``, in their order. Strings and numbers are looked up, since a list may have thousands."""
    plain = {(isinstance(one, bool), one) for one in allowed if isinstance(one, (str, int, float))}
    others = tuple(one for one in allowed if not isinstance(one, (str, int, float)))
    return tuple(
        one
        for one in values
        if (
            (isinstance(one, bool), one) in plain
            if isinstance(one, (str, int, float))
            else is_member(one, others)
        )
    )
