"""The words of violations: one sentence a rule, and how values are shown in it."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Any

__all__ = ["describe", "shorten"]

_SHOWN = 80

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def _type(value: object, limit: Any) -> str:
    names = [limit] if isinstance(limit, str) else list(limit)
    return f"must be {' or '.join(_TYPES.get(name, str(name)) for name in names)}, got {show(value)}"


def _enum(value: object, limit: Any) -> str:
    allowed = ", ".join(show(item) for item in limit)
    return f"must be one of {allowed}; got {show(value)}"


def _size(word: str, unit: str) -> Callable[[object, object], str]:
    def words(value: object, limit: object) -> str:
        size = len(value) if isinstance(value, Sized) else 0
        plural = "" if limit == 1 else "s"
        return f"must have {word} {limit} {unit}{plural}, has {size}"

    return words


def _bound(word: str) -> Callable[[object, object], str]:
    return lambda value, limit: f"must be {word} {show(limit)}, got {show(value)}"


_WORDING: dict[str, Callable[[object, Any], str]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda value, limit: f"must be {show(limit)}, got {show(value)}",
    "required": lambda _, limit: f"{limit} is required and was not given",
    "minimum": _bound("at least"),
    "maximum": _bound("at most"),
    "exclusiveMinimum": _bound("more than"),
    "exclusiveMaximum": _bound("less than"),
    "multipleOf": _bound("a multiple of"),
    "minLength": _size("at least", "character"),
    "maxLength": _size("at most", "character"),
    "minItems": _size("at least", "item"),
    "maxItems": _size("at most", "item"),
    "minProperties": _size("at least", "member"),
    "maxProperties": _size("at most", "member"),
    "pattern": lambda value, limit: f"must match the pattern {limit}, got {show(value)}",
    "additionalProperties": lambda _, limit: f"is not an input; the inputs are {_listed(limit)}",
    "json": lambda value, limit: f"{limit}, got {show(value)}",
}


def _listed(names: Any) -> str:
    return ", ".join(sorted(map(str, names)))


def describe(rule: str, value: object, limit: object) -> str:
    """The sentence for a broken ``rule``; the same pattern serves rules nobody has worded."""
    words = _WORDING.get(rule)
    return words(value, limit) if words else f"breaks {rule} {show(limit)}, got {show(value)}"


def shorten(value: object) -> object:
    """``value`` itself when it is small and plain, otherwise its shortened text."""
    if value is None or isinstance(value, (bool, int)) or (
        isinstance(value, str) and len(value) <= _SHOWN
    ):
        return value
    return show(value)


def show(value: object) -> str:
    """``value`` as JSON would write it, cut short; never the whole of a large payload.

    Control characters and line separators come out escaped, so the text is safe for one line of a
    terminal or a log.
    """
    if isinstance(value, str):
        shown = value if len(value) <= _SHOWN else value[:_SHOWN]
        more = f" … ({len(value)} characters)" if len(value) > _SHOWN else ""
        return _quoted(shown) + more
    if isinstance(value, (dict, list, tuple)):
        kind = "object" if isinstance(value, dict) else "list"
        return f"{'an' if kind == 'object' else 'a'} {kind} with {len(value)} members"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and not -(10**40) < value < 10**40:
        return "a number of more than 40 digits"
    if isinstance(value, (int, float)):
        return repr(value)
    return f"a Python {type(value).__name__}"


def _quoted(text: str) -> str:
    body = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{body}"'
