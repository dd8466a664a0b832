"""Shared checks of generated validators, and the allowed values of enums.

Each gives the verdict of the jsonschema library, whose arithmetic they follow.
"""

from __future__ import annotations

from .json_values import find_non_json, pointer_token
from .violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any

__all__ = [
    "Choices",
    "UnionCheck",
    "check_by_library",
    "check_others",
    "count_members",
    "is_member",
    "is_unique",
    "matches",
    "other_members",
    "wrong_items",
]


class Choices(dict[object, None]):
    """Allowed values in the order of the schema, with fast membership tests: ``value in QUALITIES``.

    A set would lose the order and a tuple would compare one by one; a dict does neither.
    """

    __slots__ = ("_message", "_values")

    def __init__(self, *values: object) -> None:
        super().__init__(dict.fromkeys(values))
        self._values = values
        self._message: str | None = None

    def refuse(self, pointer: str, rule: str, value: object) -> Violation:
        """The violation for a value that is not allowed. The message is built once."""
        if self._message is None:
            from .messages import describe

            self._message = describe(rule, self._values)
        return Violation(pointer, rule, value, self._values, self._message)


class UnionCheck:
    """The options of an ``anyOf`` or ``oneOf`` for one value, each with a list for what is wrong with the value."""

    __slots__ = ("_found", "_options", "_pointer", "_rule", "_value")

    def __init__(self, rule: str, pointer: str, value: object, found: list[Violation]) -> None:
        self._rule = rule
        self._pointer = pointer
        self._value = value
        self._found = found
        self._options: list[list[Violation]] = []

    def option(self) -> list[Violation]:
        """The list for the violations of the next option."""
        self._options.append([])
        return self._options[-1]

    def end(self) -> list[Violation]:
        """The list that was given, with a violation where no option fits, or more than the one that ``oneOf`` asks for."""
        fitting = self._options.count([])
        if not fitting or (fitting > 1 and self._rule == "oneOf"):
            from .unions import union_violations

            self._found += union_violations(self._rule, self._pointer, self._value, self._options)
        return self._found


def is_member(value: object, allowed: tuple[object, ...]) -> bool:
    """Whether ``value`` equals one of ``allowed`` as JSON: ``1`` is ``1.0`` and is not ``true``."""
    return any(_equal(value, one) for one in allowed)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    return (one.__class__ is bool) == (other.__class__ is bool) and bool(one == other)


def count_members(value: list[Any], allowed: tuple[object, ...]) -> int:
    """The number of items of ``value`` that are in ``allowed``."""
    return sum(is_member(item, allowed) for item in value)


def is_unique(value: list[Any]) -> bool:
    """Whether all items are distinct as JSON: ``1`` equals ``1.0``, but not ``true``."""
    kept: dict[str, list[object]] = {}
    try:
        for item in value:
            others = kept.setdefault(_key(item), [])  # equal values have one key
            if is_member(item, tuple(others)):
                return False
            others.append(item)
    except RecursionError:  # too deep for JSON; find_non_json reports it
        return True
    return True


def _key(item: object) -> str:
    if isinstance(item, dict):
        return "object " + " ".join(sorted(f"{name!r}: {_key(item[name])}" for name in item))
    if isinstance(item, list):
        return f"list {' '.join(map(_key, item))}"
    is_number = isinstance(item, (int, float)) and not isinstance(item, bool)
    return f"number {hash(item)}" if is_number else repr(item)


def matches(pattern: str, value: str) -> bool:
    """Whether ``pattern`` is found anywhere in ``value``, in bounded time."""
    from .patterns import search

    return search(pattern, value)


def check_others(
    value: dict[object, object], known: Container[object], pointer: str, found: list[Violation]
) -> None:
    """Check that members outside the schema are valid JSON."""
    others = {name: member for name, member in value.items() if name not in known}
    if others:
        find_non_json(others, pointer, found)


def other_members(
    value: dict[object, object], known: Container[object], pointer: str, found: list[Violation]
) -> list[tuple[str, Any]]:
    """The members outside ``known``, each with its name as a step of a JSON pointer; names that are no texts are violations."""
    others = []
    for name, member in value.items():
        if not isinstance(name, str):
            found.append(Violation(pointer, "json", name, None, "member names must be strings"))
        elif name not in known:
            others.append((pointer_token(name), member))
    return others


def check_by_library(
    module: str, path: tuple[str, ...], value: object, pointer: str, found: list[Violation]
) -> None:
    """Check ``value`` by the part of the module's schema at ``path``, with the jsonschema library.

    Only JSON values are passed to the library: it misjudges other objects, or raises.
    Raises ``MissingExtra`` if it is not installed.
    """
    from runcomfy.errors import MissingExtra

    from .jsonschema_fallback import find_violations

    strange: list[Violation] = []
    find_non_json(value, pointer, strange)
    try:
        found += strange or find_violations(module, path, value, pointer)
    except MissingExtra as missing:
        missing.violations += found
        raise


def wrong_items(pointer: str, value: list[Any], kind: type, expected: str) -> list[Violation]:
    """A violation for each item that is not of the Python type ``kind``, ``expected`` in JSON's words."""
    return [
        Violation(f"{pointer}/{index}", "type", item, expected)
        for index, item in enumerate(value)
        if item.__class__ is not kind
    ]
