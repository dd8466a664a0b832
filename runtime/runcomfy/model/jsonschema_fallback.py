"""The checks that no straight-line code is generated for, by the jsonschema library."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from runcomfy.errors import MissingExtra

from .json_values import pointer_token
from .messages import describe
from .schema_files import read_schemas
from .unions import matches_none
from .violation import UNCHECKED, Violation

__all__ = ["find_violations"]

#: Keywords whose limit is a schema: the library's own sentence says more than the limit would.
_RETOLD = frozenset(
    {
        "additionalProperties",
        "allOf",
        "anyOf",
        "dependentSchemas",
        "if",
        "items",
        "not",
        "oneOf",
        "prefixItems",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_SENTENCE = 300
_UNIONS = ("anyOf", "oneOf")
#: Keywords that name what is too much in their sentence alone.
_CLOSING = {"additionalProperties", "unevaluatedItems", "unevaluatedProperties"}
_NAMES = re.compile(r"\((.{1,200}) (?:was|were) une", re.DOTALL)
_TOO_MUCH = "takes too many steps to check"


def find_violations(
    module: str, path: tuple[str, ...], value: object, pointer: str
) -> list[Violation]:
    """The violations of the schema part at ``path`` by ``value``, which is at ``pointer``."""
    library = _library(module)
    try:
        errors = library.errors_of(_validator(module, path), value)
    except library.TooMuchWork:
        return [Violation(pointer, UNCHECKED, value, None, _TOO_MUCH)]
    except RecursionError:
        return [Violation(pointer, UNCHECKED, value, None, "is nested too deeply to be checked")]
    except (OverflowError, ValueError):
        # Python refuses to print, or to divide by a fraction, a number of thousands of digits.
        return [Violation(pointer, "json", value, "contains a number too long to be checked")]
    found = (one for error in errors for one in _telling(error, pointer))
    return [_violation(error, place) for error, place in found]


def _telling(error: Any, above: str) -> list[tuple[Any, str]]:
    """The most specific errors with their paths: those of the closest option, or the error itself.

    An error object may be shared between two places that apply one reference to one value, so the path comes separately.
    """
    place = above + "".join(f"/{pointer_token(step)}" for step in error.relative_path)
    if error.validator not in _UNIONS or not error.context:
        return [(error, place)]
    options: dict[object, list[Any]] = {}
    for one in error.context:
        options.setdefault(one.relative_schema_path[0], []).append(one)
    ranked = sorted(map(_distance, options.values()))
    if ranked[0][0] or ranked[1:2] == ranked[:1]:  # it is none of them, or two alike
        return [(error, place)]
    best = next(errors for errors in options.values() if _distance(errors) == ranked[0])
    return [deeper for one in best for deeper in _telling(one, place)]


def _distance(errors: list[Any]) -> tuple[bool, int, int]:
    """How far a value is from an option: of another kind, with another mark, with so many faults."""
    marks = sum(error.validator in ("const", "enum") for error in errors)
    other = any(_is_another_kind(error) for error in errors)
    return other, marks, len(errors)


def _is_another_kind(error: Any, deeper: int = 3) -> bool:
    """Whether an error rejects the type of the value itself, directly or in every option of a union."""
    if error.relative_path:
        return False
    if error.validator not in _UNIONS or not error.context:
        return error.validator in ("type", "const", "enum", "not")
    options: dict[object, bool] = {}
    for one in error.context if deeper else ():
        option = one.relative_schema_path[0]
        options[option] = options.get(option, False) or _is_another_kind(one, deeper - 1)
    return bool(options) and all(options.values())


def _violation(error: Any, place: str) -> Violation:
    rule, limit = str(error.validator), error.validator_value
    if rule == "required":  # as in generated checks: the missing name
        limit = next(name for name in limit if error.message.startswith(f"{name!r} is "))
    elif rule == "dependentRequired":  # "'b' is a dependency of 'a'"
        message = error.message
        pairs = ((name, other) for name, others in limit.items() for other in others)
        pair = next(p for p in pairs if message == f"{p[1]!r} is a dependency of {p[0]!r}")
        return Violation(place, rule, error.instance, pair[1], describe(rule, pair))
    elif rule == "contains":
        limit = None
    elif rule in ("enum", "type") and isinstance(limit, list):
        limit = tuple(limit)
    if rule in _UNIONS and error.context:
        return Violation(place, rule, error.instance, limit, _wanted(error))
    return Violation(place, rule, error.instance, limit, _schema_message(rule, error))


def _schema_message(rule: str, error: Any) -> str | None:
    """The sentence of a rule whose limit is a schema; ``None`` for the other rules."""
    if rule == "oneOf":
        return "matches more than one option"
    if rule == "not":
        return _excluded(error.validator_value)
    if rule in _CLOSING:  # "… ('b', 'c' were unexpected)"
        names = _NAMES.search(error.message)
        return f"contains {names[1]}, which is not allowed here" if names else f"violates {rule}"
    sentence = error.message if len(error.message) <= _SENTENCE else f"violates {rule}"
    return sentence if rule in _RETOLD else None


def _excluded(schema: Any) -> str:
    """What a value that matches ``schema`` must not be."""
    if not schema or not isinstance(schema, dict):
        return "is not allowed here"
    [(rule, limit), *more] = schema.items()
    if not more and rule in ("type", "enum", "const"):
        return describe(rule, limit).replace("must", "must not", 1)
    if not more and rule == "required":
        return f"must not have {' and '.join(limit)}{' together' if len(limit) > 1 else ''}"
    return "matches a schema that is not allowed here"


def _wanted(error: Any) -> str:
    """The requirements of each option of a union, for a value that matches none."""
    first: dict[object, Any] = {}
    for one in error.context:
        first.setdefault(one.relative_schema_path[0], one)
    options = []
    for one in first.values():
        # A union inside a union is not listed in turn: the options can double at each level.
        nested = one.validator in _UNIONS
        message = "must match an option" if nested else _violation(one, "").message
        inside = "".join(f"/{pointer_token(step)}" for step in one.relative_path)
        options.append(f"{inside} {message}".strip())
    return matches_none(options)


def _library(module: str) -> Any:
    try:
        import jsonschema  # noqa: F401  # what follows may be imported already, as in tests

        from . import library_validator
    except ImportError:
        raise MissingExtra(f"Checking payloads of {module} in full", "schema") from None
    return library_validator


@lru_cache(maxsize=256)
def _validator(module: str, path: tuple[str, ...]) -> Any:
    schemas = read_schemas(module)
    root = schemas.get("checked", schemas["input"])
    part = root
    for step in path:
        part = part[step]
    return _library(module).validator_for(root, part)
