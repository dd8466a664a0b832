"""The checks that no straight-line code is generated for, by the jsonschema library."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from runcomfy.errors import MissingExtra

from .json_values import pointer_token
from .messages import describe
from .schema_files import read_schemas
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
#: Options of a union that are told.
_OPTIONS = 6
_UNIONS = ("anyOf", "oneOf")
_TOO_MUCH = "takes too many steps to check"


def find_violations(
    module: str, path: tuple[str, ...], value: object, pointer: str
) -> list[Violation]:
    """Every violation of ``value``, which stands at ``pointer``, by the schema part at ``path``."""
    library = _library(module)
    try:
        errors = library.errors_of(_validator(module, path), value)
    except library.TooMuchWork:
        return [Violation(pointer, UNCHECKED, value, None, _TOO_MUCH)]
    except RecursionError:
        return [Violation(pointer, UNCHECKED, value, None, "is nested too deeply to be checked")]
    except (OverflowError, ValueError):
        # Python refuses to print, or to divide by a fraction, a number of thousands of digits.
        return [Violation(pointer, "json", value, "holds a number too long to be checked")]
    return [_violation(one, pointer) for error in errors for one in _telling(error)]


def _telling(error: Any) -> list[Any]:
    """The errors that say most: those of the option that the value comes closest to, or the error itself."""
    if error.validator not in _UNIONS or not error.context:
        return [error]
    options: dict[object, list[Any]] = {}
    for one in error.context:
        options.setdefault(one.relative_schema_path[0], []).append(one)
    ranked = sorted(map(_distance, options.values()))
    if ranked[0][0] or ranked[1:2] == ranked[:1]:  # it is none of them, or two alike
        return [error]
    best = next(errors for errors in options.values() if _distance(errors) == ranked[0])
    return [deeper for one in best for deeper in _telling(one)]


def _distance(errors: list[Any]) -> tuple[bool, int, int]:
    """How far a value is from an option: of another kind, with another mark, with so many faults."""
    marks = sum(error.validator in ("const", "enum") for error in errors)
    other = any(
        error.validator in ("type", "const", "enum", "not") and not error.relative_path
        for error in errors
    )
    return other, marks, len(errors)


def _violation(error: Any, pointer: str) -> Violation:
    place = pointer + "".join(f"/{pointer_token(step)}" for step in error.absolute_path)
    rule, limit = str(error.validator), error.validator_value
    if rule == "required":  # as generated checks tell it: the name that is missing
        limit = next(name for name in limit if error.message.startswith(f"{name!r} is "))
    elif rule == "dependentRequired":  # "'b' is a dependency of 'a'"
        told = error.message
        pairs = ((name, other) for name, others in limit.items() for other in others)
        pair = next(p for p in pairs if told == f"{p[1]!r} is a dependency of {p[0]!r}")
        return Violation(place, rule, error.instance, pair[1], describe(rule, pair))
    elif rule == "contains":
        limit = None
    elif rule in ("enum", "type") and isinstance(limit, list):
        limit = tuple(limit)
    if rule in _UNIONS and error.context:
        return Violation(place, rule, error.instance, limit, _wanted(error))
    sentence = error.message if len(error.message) <= _SENTENCE else f"breaks {rule}"
    return Violation(place, rule, error.instance, limit, sentence if rule in _RETOLD else None)


def _wanted(error: Any) -> str:
    """What each option of a union wants that the value fits none of."""
    first: dict[object, Any] = {}
    for one in error.context:
        first.setdefault(one.relative_schema_path[0], one)
    told: dict[str, None] = {}
    for one in first.values():
        found = _violation(one, "")
        inside = "".join(f"/{pointer_token(step)}" for step in one.relative_path)
        told[f"{inside} {found.message}".strip()] = None
    options = " or ".join([*told][:_OPTIONS]) + (" or …" if len(told) > _OPTIONS else "")
    return f"fits no option: {options}" if len(options) <= _SENTENCE else "fits no option"


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
