"""The messages of violations: one sentence per rule, and the display of values.

The generator writes these sentences into the validators that it makes, so that reporting costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["WORDS", "describe", "printable", "shorten", "show", "sentence"]

_SHOWN = 80
_SCHEMES = ("http://", "https://")
_LARGE = 10**40

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def _type(limit: Any) -> str:
    names = [limit] if isinstance(limit, str) else list(limit)
    return f"must be {' or '.join(_TYPES.get(name, str(name)) for name in names)}"


def _size(word: str, unit: str) -> Callable[[Any], str]:
    return lambda limit: f"must have {word} {limit} {unit}{'' if limit == 1 else 's'}"


#: The sentence of each rule, made of its limit.
WORDS: dict[str, Callable[[Any], str]] = {
    "type": _type,
    "enum": lambda limit: (
        f"must be one of {', '.join(map(show, limit))}"
        if limit
        else "takes no value: its list of allowed values is empty"
    ),
    "const": lambda limit: f"must be {show(limit)}",
    "json": str,
    "required": lambda limit: f"{limit} is required and was not given",
    "minimum": lambda limit: f"must be at least {show(limit)}",
    "maximum": lambda limit: f"must be at most {show(limit)}",
    "exclusiveMinimum": lambda limit: f"must be more than {show(limit)}",
    "exclusiveMaximum": lambda limit: f"must be less than {show(limit)}",
    "multipleOf": lambda limit: f"must be a multiple of {show(limit)}",
    "minLength": _size("at least", "character"),
    "maxLength": _size("at most", "character"),
    "minItems": _size("at least", "item"),
    "maxItems": _size("at most", "item"),
    "minProperties": _size("at least", "member"),
    "maxProperties": _size("at most", "member"),
    "uniqueItems": lambda _: "must not contain equal items",
    "contains": lambda _: "must contain a matching item",
    "minContains": lambda limit: f"must contain at least {limit} matching items",
    "maxContains": lambda limit: f"must contain at most {limit} matching items",
    "dependentRequired": lambda limit: f"{limit[1]} is required where {limit[0]} is given",
    "pattern": lambda limit: f"must match the pattern {limit}",
    "additionalProperties": lambda limit: (
        f"is not allowed here; the known names are {', '.join(sorted(limit))}"
    ),
}

#: Rules by which a text is refused that may be misspelt.
_SPELLED = {"enum", "additionalProperties"}
#: Rules whose message is complete without the value: it is the whole payload, or part of the message.
_COMPLETE = {"required", "unknown-input", "file-kind", "template"}


def describe(rule: str, limit: object) -> str:
    """The message for a violated rule, such as ``"must be at least 0"``."""
    words = WORDS.get(rule)
    return words(limit) if words else f"violates {rule} {show(limit)}"


def sentence(rule: str, message: str, value: object, limit: object = None) -> str:
    """The message with the offending value, and what was probably meant."""
    if rule in _COMPLETE:
        return message
    return f"{message}, got {show(value)}{_meant(value, limit) if rule in _SPELLED else ''}"


def _meant(value: object, allowed: object) -> str:
    """The allowed texts that look like the value: ``'; did you mean "720p"?'``, or ``""``."""
    from .spelling import close_to

    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    if not isinstance(allowed, (tuple, list, set, frozenset)):
        return ""
    near = close_to(str(value), (one for one in allowed if isinstance(one, str)), 1)
    return f"; did you mean {show(near[0])}?" if near else ""


def shorten(value: object) -> object:
    """``value`` itself when it is small and plain, otherwise its shortened text."""
    if isinstance(value, (int, float)):
        return value if -_LARGE < value < _LARGE else show(value)
    if value is None or (isinstance(value, str) and len(value) <= _SHOWN):
        return value
    return show(value)


def show(value: object) -> str:
    """``value`` as shortened JSON; never the whole of a large payload.

    Control characters and line separators come out escaped, so the text is safe for one line of a
    terminal or a log.
    """
    if isinstance(value, str):
        if value.startswith(_SCHEMES) and "?" in value:
            value = value.partition("?")[0] + "?…"  # the query of a signed URL is a secret
        more = f" … ({len(value)} characters)" if len(value) > _SHOWN else ""
        return _quoted(value[:_SHOWN]) + more
    if isinstance(value, (dict, list, tuple)):
        kind, unit = ("an object", "member") if isinstance(value, dict) else ("a list", "item")
        return f"{kind} with {len(value)} {unit}{'' if len(value) == 1 else 's'}"
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    if isinstance(value, int) and not -_LARGE < value < _LARGE:
        return "a number of more than 40 digits"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, bytes):
        return f"<{len(value):,} bytes>"
    if hasattr(type(value), "__fspath__"):
        return f"the path {_quoted(str(value)[:_SHOWN])}"
    return f"a Python {type(value).__name__}"


def printable(text: str) -> str:
    """``text`` on one line, with every character that could steer a terminal written as an escape.

    Control characters, line ends, bidi marks and lone surrogates become ``\\x1b``, ``\\n``,
    ``\\u202e`` and the like; letters of every script stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _quoted(text: str) -> str:
    doubled = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{printable(doubled)}"'
