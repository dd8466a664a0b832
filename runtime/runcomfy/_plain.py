"""Plain JSON values: made from what callers pass in, and told apart from what JSON cannot hold."""

from __future__ import annotations

from ._unset import UNSET
from .violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["MAX_DEPTH", "find_non_json", "is_plain", "token", "to_plain"]

#: Levels of nesting that a payload may have. The standard library's own writer gives up at about 1,000.
MAX_DEPTH = 200

_SCALARS = frozenset({str, int, float, bool, type(None)})
_PLAIN = _SCALARS | {list, dict}
_INFINITY = float("inf")


def is_plain(value: object) -> bool:
    """Whether ``value`` is of exactly one of the types that ``json.loads`` returns (not looking inside)."""
    return value.__class__ in _PLAIN


def to_plain(value: Any, depth: int = 0) -> Any:
    """A deep copy of ``value`` in the types that ``json.loads`` returns.

    Tuples become lists, mappings become dicts, members of ``str`` or ``int`` enums and other
    subclasses become the values they stand for. Members that are ``UNSET`` are left out. What has no counterpart in JSON is kept, for a
    validator to name. Anything deeper than ``MAX_DEPTH`` is kept as it is.
    """
    kind = value.__class__
    if kind in _SCALARS:
        return value
    if depth < MAX_DEPTH:
        if isinstance(value, (list, tuple)):
            return [to_plain(item, depth + 1) for item in value]
        if isinstance(value, dict) or hasattr(kind, "keys"):
            members = ((key, value[key]) for key in value)
            return {
                _plain_key(key): to_plain(member, depth + 1)
                for key, member in members
                if member is not UNSET
            }
    if isinstance(value, str):
        return str.__str__(value)  # an enum's own __str__ would give "Color.RED"
    for number in (int, float):
        if isinstance(value, number):
            return number(value)
    return value


def _plain_key(key: object) -> object:
    return str.__str__(key) if isinstance(key, str) else key


def token(name: object) -> str:
    """``name`` as one step of a JSON pointer (RFC 6901)."""
    return str(name).replace("~", "~0").replace("/", "~1")


def find_non_json(value: object, pointer: str, found: list[Violation]) -> None:
    """Add a violation for each part of ``value`` that JSON cannot hold.

    These are NaN and infinities, member names that are no strings, nesting beyond ``MAX_DEPTH``, and
    objects of any other type. Text with lone surrogates is left to the caller's encoder.
    """
    waiting = [(value, pointer, 0)]
    while waiting:
        part, place, depth = waiting.pop()
        kind = part.__class__
        if kind is str or kind is int or kind is bool or part is None:
            continue
        if isinstance(part, float):
            if not -_INFINITY < part < _INFINITY:
                found.append(Violation(place, "json", part, "NaN and infinities have no JSON form"))
        elif isinstance(part, (list, dict)) and depth >= MAX_DEPTH:
            found.append(
                Violation(place, "json", part, f"is nested deeper than {MAX_DEPTH} levels")
            )
        elif isinstance(part, list):
            waiting += [(item, f"{place}/{i}", depth + 1) for i, item in enumerate(part)]
        elif isinstance(part, dict):
            for name, item in part.items():
                if isinstance(name, str):
                    waiting.append((item, f"{place}/{token(name)}", depth + 1))
                else:
                    found.append(Violation(place, "json", name, "member names must be strings"))
        elif not isinstance(part, (str, int)):
            found.append(Violation(place, "json", part, "JSON has no such value"))
