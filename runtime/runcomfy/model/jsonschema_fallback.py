"""The checks that no straight-line code is generated for, by the jsonschema library."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from runcomfy.errors import MissingExtra

from .json_values import pointer_token
from .schema_files import read_schemas
from .violation import Violation

__all__ = ["find_violations"]

#: Keywords whose limit is a schema: the library's own sentence says more than the limit would.
_RETOLD = frozenset(
    {
        "additionalProperties",
        "allOf",
        "anyOf",
        "contains",
        "dependentRequired",
        "dependentSchemas",
        "if",
        "items",
        "maxContains",
        "minContains",
        "not",
        "oneOf",
        "prefixItems",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
    }
)
_SENTENCE = 300


def find_violations(
    module: str, path: tuple[str, ...], value: object, pointer: str
) -> list[Violation]:
    """Every violation of ``value``, which stands at ``pointer``, by the schema part at ``path``."""
    try:
        errors = list(_validator(module, path).iter_errors(value))
    except RecursionError:
        return [Violation(pointer, "json", value, "is nested too deeply to be checked")]
    except (OverflowError, ValueError):
        # Python refuses to print, or to divide by a fraction, a number of thousands of digits.
        return [Violation(pointer, "json", value, "holds a number too long to be checked")]
    return [_violation(error, pointer) for error in errors]


def _violation(error: Any, pointer: str) -> Violation:
    place = pointer + "".join(f"/{pointer_token(step)}" for step in error.absolute_path)
    rule, limit = str(error.validator), error.validator_value
    if rule == "required":  # as generated checks tell it: the name that is missing
        limit = next(name for name in limit if error.message.startswith(f"{name!r} is "))
    elif rule in ("enum", "type") and isinstance(limit, list):
        limit = tuple(limit)
    sentence = error.message if len(error.message) <= _SENTENCE else f"breaks {rule}"
    return Violation(place, rule, error.instance, limit, sentence if rule in _RETOLD else None)


@lru_cache(maxsize=256)
def _validator(module: str, path: tuple[str, ...]) -> Any:
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        raise MissingExtra(f"Checking payloads of {module} in full", "schema") from None
    schemas = read_schemas(module)
    root = schemas.get("checked", schemas["input"])
    part = root
    for step in path:
        part = part[step]
    # The root document stays the base of every reference in the part.
    return Draft202012Validator(root).evolve(schema=part)
