"""Plain JSON values: conversion from callers' values, and detection of values outside JSON.

Beside them ``UNSET``: the value of an input that was not given. It is not sent, and it is neither ``None``
(which is sent as ``null``) nor the demo value of the documentation page.
"""

from __future__ import annotations

from .violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "MAX_DEPTH",
    "UNSET",
    "Unset",
    "find_non_json",
    "is_finite",
    "is_multiple",
    "is_plain",
    "to_plain",
    "pointer_token",
]

#: The maximum nesting of a payload. The standard library's encoder fails at about 1,000 levels.
MAX_DEPTH = 200

_SCALARS = frozenset({str, int, float, bool, type(None)})
_PLAIN = _SCALARS | {list, dict}
_INFINITY = float("inf")
#: Libraries whose values stand for plain ones: ``numpy.int64``, ``pandas.NA``.
_LIBRARIES = frozenset({"numpy", "pandas"})


class Unset:
    """The type of ``UNSET``; ``isinstance(value, Unset)`` tests whether an input was omitted."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"

    def __copy__(self) -> Unset:
        return self

    def __deepcopy__(self, memo: object) -> Unset:
        return self


UNSET = Unset()


def is_finite(value: float) -> bool:
    """Whether JSON can hold the number: neither NaN nor an infinity."""
    return -_INFINITY < value < _INFINITY


def is_multiple(value: int | float, step: int | float) -> bool:
    """Whether ``value`` is a multiple of ``step``, both taken as written decimals.

    So 4.02 is a multiple of 0.01, which it is not as a binary fraction.
    """
    if not is_finite(value):
        return False
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    from fractions import Fraction

    number, by = (
        Fraction(repr(one)) if isinstance(one, float) else Fraction(one) for one in (value, step)
    )
    return number % by == 0


def is_plain(value: object) -> bool:
    """Whether ``value`` is of exactly one of the types that ``json.loads`` returns (not looking inside)."""
    return value.__class__ in _PLAIN


def to_plain(value: Any, above: tuple[int, ...] = ()) -> Any:
    """A deep copy of ``value`` in the types that ``json.loads`` returns.

    Tuples become lists, mappings become dicts, members of ``str`` or ``int`` enums and other
    subclasses become plain values. Members that are ``UNSET`` are left out. Values without a counterpart in
    JSON are kept, so that the validator reports them; so is anything deeper than ``MAX_DEPTH``, and any
    container that contains itself. ``above`` holds the identities of the containers around ``value``.
    """
    kind = value.__class__
    if kind in _SCALARS:
        return value
    if len(above) < MAX_DEPTH and id(value) not in above:
        inside = (*above, id(value))
        if kind is dict:  # most are, and most of what they hold is plain
            return {
                _plain_key(key): member
                if member.__class__ in _SCALARS
                else to_plain(member, inside)
                for key, member in value.items()
                if member is not UNSET
            }
        if isinstance(value, (list, tuple)):
            return [
                item if item.__class__ in _SCALARS else to_plain(item, inside) for item in value
            ]
        if kind.__module__.partition(".")[0] in _LIBRARIES:
            value, kept = _from_library(value), value
            if value is not kept:
                return to_plain(value, inside)
        if isinstance(value, dict) or _is_mapping(kind):
            members = ((key, value[key]) for key in value.keys())  # noqa: SIM118  # a database's row gives values
            return {
                _plain_key(key): to_plain(member, inside)
                for key, member in members
                if member is not UNSET
            }
    if isinstance(value, str):
        return str.__str__(value)  # an enum's own __str__ would give "Color.RED"
    for number in (int, float):
        if isinstance(value, number):
            return number(value)
    return value


def _from_library(value: Any) -> Any:
    """A value of numpy or pandas as Python has it; their "not available" is null. Others stay as they are.

    A Series with string labels, such as a row of a table, is an object; any other is a list.
    """
    if value.__class__.__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "keys") and all(isinstance(key, str) for key in value.keys()):  # noqa: SIM118  # no dict
        return value
    plain = value.tolist() if hasattr(value, "tolist") else value
    if plain.__class__ is value.__class__ and value.__class__.__name__ == "longdouble":
        return float(value)  # Python has no number of that width
    # Moments of time and raw bytes become what JSON has not either.
    return plain if isinstance(plain, (list, str, int, float, bool)) else value


def _is_mapping(kind: type) -> bool:
    return hasattr(kind, "keys") and hasattr(kind, "__getitem__")


def _plain_key(key: object) -> object:
    return str.__str__(key) if isinstance(key, str) else key


def pointer_token(name: object) -> str:
    """``name`` as one step of a JSON pointer (RFC 6901)."""
    text = str(name)
    return text.replace("~", "~0").replace("/", "~1") if "~" in text or "/" in text else text


def find_non_json(value: object, pointer: str, found: list[Violation]) -> None:
    """Add a violation for each part of ``value`` that JSON cannot represent.

    These are NaN and infinities, member names that are not strings, nesting beyond ``MAX_DEPTH``, and
    objects of any other type. Text with lone surrogates is left to the caller's encoder.
    """
    seen: set[int] = set()
    waiting: list[tuple[object, str, tuple[int, ...]]] = [(value, pointer, ())]
    while waiting:
        part, place, above = waiting.pop()
        if isinstance(part, (list, dict)):
            fault = _container_fault(part, above)
            if fault:
                found.append(Violation(place, "json", part, None, fault))
            elif id(part) not in seen:  # one that stands in two places is looked into once
                seen.add(id(part))
                inside = (*above, id(part))
                members = enumerate(part) if isinstance(part, list) else part.items()
                waiting += [
                    (item, f"{place}/{pointer_token(name)}", inside) for name, item in members
                ]
                found += _name_faults(part, place)
        else:
            fault = _scalar_fault(part)
            if fault:
                found.append(Violation(place, "json", part, None, fault))


def _container_fault(part: object, above: tuple[int, ...]) -> str:
    if id(part) in above:
        return "contains itself, which JSON cannot represent"
    return f"is nested deeper than {MAX_DEPTH} levels" if len(above) >= MAX_DEPTH else ""


def _scalar_fault(part: object) -> str:
    if isinstance(part, float) and not -_INFINITY < part < _INFINITY:
        return "NaN and infinities have no JSON form"
    return "" if part is None or isinstance(part, (str, int, float)) else "is not a JSON value"


def _name_faults(part: list[Any] | dict[Any, Any], place: str) -> list[Violation]:
    if isinstance(part, list):
        return []
    message = "member names must be strings"
    return [
        Violation(place, "json", name, None, message) for name in part if not isinstance(name, str)
    ]
