"""The jsonschema library with bounded work: a reference is applied to a value once, and a run has a step limit.

Without the limits, a schema of 120 bytes that refers to itself in ``anyOf`` keeps the library busy for minutes.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from .json_values import is_multiple
from .patterns import search

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MAX_STEPS", "TooMuchWork", "errors_of", "validator_for"]

#: The number of keywords evaluated for one payload: a second or two of work.
MAX_STEPS = 200_000


class TooMuchWork(Exception):
    """Checking the value exceeds the step limit."""


class _ValidationRun:
    """What one run has done so far."""

    def __init__(self) -> None:
        self.steps = 0
        #: (reference, identity of the value) -> its errors, without duplicates.
        self.known: dict[tuple[str, int], list[ValidationError]] = {}


_run: ContextVar[_ValidationRun] = ContextVar("_run")


def errors_of(validator: Any, value: object) -> list[ValidationError]:
    """All errors of ``value``, each once. Raises ``TooMuchWork``."""
    mark = _run.set(_ValidationRun())
    try:
        return _distinct(validator.iter_errors(value))
    finally:
        _run.reset(mark)


def validator_for(root: object, part: object) -> Any:
    """The library's validator of a part of a schema; references start at ``root``."""
    return _Validator(root).evolve(schema=part)


def _distinct(errors: Iterator[ValidationError]) -> list[ValidationError]:
    found: dict[tuple[Any, ...], ValidationError] = {}
    for error in errors:
        where = tuple(error.relative_path)
        found.setdefault((where, error.validator, id(error.validator_value), error.message), error)
    return list(found.values())


def _ref(validator: Any, ref: str, value: Any, _: object) -> Iterator[ValidationError]:
    known = _run.get().known
    key = (ref, id(value))
    if key not in known:
        known[key] = _distinct(validator._validate_reference(ref=ref, instance=value))
    # Whoever is given an error adds to its path.
    yield from map(ValidationError.create_from, known[key])


def _multiple_of(_: Any, step: float, value: Any, __: object) -> Iterator[ValidationError]:
    """Decimal ``multipleOf``: the library divides floats, and raises if a float cannot hold the value."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and not is_multiple(value, step):
        yield ValidationError(f"is not a multiple of {step}")


def _pattern(_: Any, pattern: str, value: Any, __: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and not search(pattern, value):
        yield ValidationError(f"does not match {pattern!r}")


def _pattern_properties(
    validator: Any, schemas: dict[str, Any], value: Any, _: object
) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for pattern, schema in schemas.items():
            for name in [name for name in value if search(pattern, name)]:
                yield from validator.descend(value[name], schema, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, others: Any, value: Any, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """As the library does it, but for how names are searched for."""
    if isinstance(value, dict):
        known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        names = [
            name
            for name in value
            if name not in known and not any(search(pattern, name) for pattern in patterns)
        ]
        rest = {"additionalProperties": others}
        yield from _LIBRARY["additionalProperties"](
            validator, others, {name: value[name] for name in names}, rest
        )


def _counted(
    check: Callable[..., Iterator[ValidationError] | None],
) -> Callable[..., Iterator[ValidationError] | None]:
    def counted(*arguments: Any) -> Iterator[ValidationError] | None:
        run = _run.get()
        run.steps += 1
        if run.steps > MAX_STEPS:
            raise TooMuchWork
        return check(*arguments)

    return counted


_LIBRARY: dict[str, Any] = dict(Draft202012Validator.VALIDATORS)
_CHECKS = {
    **_LIBRARY,
    "$ref": _ref,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "multipleOf": _multiple_of,
    "pattern": _pattern,
}
_Validator: Any = extend(  # type: ignore[no-untyped-call]  # the library declares no types for it
    Draft202012Validator, {keyword: _counted(check) for keyword, check in _CHECKS.items()}
)
