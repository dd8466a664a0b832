"""The conditions of generated code, by JSON type and compiled keyword."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runcomfy.model.messages import WORDS, describe
from runcomfy_codegen.schema.keywords import COMPILED, Schema

from .check_tree import Test
from .names import Identifier
from .python_source import PythonSource, literal

__all__ = [
    "KINDS",
    "STRUCTURE",
    "Kind",
    "condition_test",
    "contains_tests",
    "dependent_tests",
    "keyword_tests",
    "require_conditions",
    "uniform_type",
]


@dataclass(frozen=True, slots=True)
class Kind:
    """A JSON type in Python: how a value is recognised, and the tests that its keywords make."""

    guard: str
    refusal: str
    tests: dict[str, str]


_ORDER = {
    "minimum": "{value} < {limit}",
    "maximum": "{value} > {limit}",
    "exclusiveMinimum": "{value} <= {limit}",
    "exclusiveMaximum": "{value} >= {limit}",
    "multipleOf": "not is_multiple({value}, {limit})",
}

#: JSON type -> how its values are recognised, and the condition under which one violates each keyword.
KINDS = {
    "string": Kind(
        "{value}.__class__ is str",
        "{value}.__class__ is not str",
        {
            "minLength": "{size} < {limit}",
            "maxLength": "{size} > {limit}",
            "pattern": "not matches({limit}, {value})",
        },
    ),
    "integer": Kind(
        "{value}.__class__ is int or ({value}.__class__ is float and {value}.is_integer())",
        "{value}.__class__ is not int and not ({value}.__class__ is float and {value}.is_integer())",
        _ORDER,
    ),
    "number": Kind(
        "{value}.__class__ is int or ({value}.__class__ is float and is_finite({value}))",
        "{value}.__class__ is not int and not ({value}.__class__ is float and is_finite({value}))",
        _ORDER,
    ),
    "boolean": Kind("{value}.__class__ is bool", "{value}.__class__ is not bool", {}),
    "null": Kind("{value} is None", "{value} is not None", {}),
    "array": Kind(
        "{value}.__class__ is list",
        "{value}.__class__ is not list",
        {
            "minItems": "{size} < {limit}",
            "maxItems": "{size} > {limit}",
            "uniqueItems": "not is_unique({value})",
        },
    ),
    "object": Kind(
        "{value}.__class__ is dict",
        "{value}.__class__ is not dict",
        {"minProperties": "{size} < {limit}", "maxProperties": "{size} > {limit}"},
    ),
}

#: Compiled keywords that take more than one condition.
STRUCTURE = {
    "items", "contains", "minContains", "maxContains", "properties", "required", "additionalProperties",
    "dependentRequired",
}  # fmt: skip


def require_conditions() -> None:
    """Check that every compiled keyword has a condition and a message."""
    for keyword, kind in COMPILED.items():
        if keyword not in KINDS[kind].tests and keyword not in STRUCTURE:
            raise RuntimeError(
                f"KINDS in spec/conditions.py has no condition for {keyword!r}, which COMPILED in "
                f"schema/keywords.py lists: add one to the tests of {kind!r}"
            )
        if keyword not in WORDS and keyword not in ("items", "properties"):
            raise RuntimeError(
                f"WORDS in runcomfy/model/messages.py has no sentence for {keyword!r}, which COMPILED in "
                "schema/keywords.py lists: add what a violation of it says"
            )


def condition_test(condition: str, rule: str, limit: Any) -> Test:
    """The test of a condition under which a value breaks ``rule``, with the sentence for it."""
    return Test(
        PythonSource(condition), literal(rule), literal(limit), literal(describe(rule, limit))
    )


#: The Python type of items that are only checked for their type, by JSON type.
_PLAIN_ITEMS = {"string": "str", "boolean": "bool"}


def uniform_type(items: Schema) -> tuple[PythonSource, PythonSource] | None:
    """The Python type and the JSON type of items that are only checked for their type."""
    name = items.get("type")
    if items.keys() != {"type"} or not isinstance(name, str) or name not in _PLAIN_ITEMS:
        return None
    return PythonSource(_PLAIN_ITEMS[name]), literal(name)


def keyword_tests(
    kind: Kind, schema: Schema, variable: Identifier
) -> tuple[tuple[Test, ...], bool]:
    """The tests that the keywords of ``schema`` make, and whether they share the value's length."""
    asked = {keyword: words for keyword, words in kind.tests.items() if keyword in schema}
    sized = sum("{size}" in words for words in asked.values()) > 1
    size = "size" if sized else f"len({variable})"
    tests = tuple(
        condition_test(
            words.format(value=variable, size=size, limit=literal(schema[keyword])),
            keyword,
            schema[keyword],
        )
        for keyword, words in asked.items()
    )
    return tests, sized


def dependent_tests(schema: Schema, variable: Identifier) -> Iterator[Test]:
    """The tests of ``dependentRequired``: a name that is needed beside another one."""
    for name, needed in schema.get("dependentRequired", {}).items():
        for other in needed:
            condition = f"{literal(name)} in {variable} and {literal(other)} not in {variable}"
            message = literal(describe("dependentRequired", (name, other)))
            yield Test(
                PythonSource(condition), literal("dependentRequired"), literal(other), message
            )


def contains_tests(
    schema: Schema, variable: Identifier, allowed: tuple[Any, ...]
) -> Iterator[Test]:
    """The tests of ``contains`` and its two bounds."""
    count = f"count_members({variable}, {literal(allowed)})"
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    if least:
        yield condition_test(f"{count} == 0", "contains", None)
    if least > 1:
        yield condition_test(f"0 < {count} < {literal(least)}", "minContains", least)
    if most is not None:
        yield condition_test(f"{count} > {literal(most)}", "maxContains", most)
