"""The jsonschema library as the generator asks it: for numbers of any length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from runcomfy.model import is_multiple

__all__ = ["Validator"]


def _multiple_of(_: Any, step: float, value: Any, __: Any) -> Iterator[ValidationError]:
    """The library divides, and stops with an error where a float cannot hold the value."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and not is_multiple(value, step):
        yield ValidationError(f"is not a multiple of {step}")


Validator: Any = extend(  # type: ignore[no-untyped-call]  # the library declares no types for it
    Draft202012Validator, {"multipleOf": _multiple_of}
)
