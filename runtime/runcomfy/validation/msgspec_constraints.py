"""Constraints of strings, numbers and lists in msgspec's terms; ``Refused`` if msgspec would judge differently."""

from __future__ import annotations

import re
import warnings
from math import ceil, floor
from typing import Any

from msgspec import Meta

__all__ = ["WIDEST", "Refused", "integer_meta", "is_number", "number_meta", "sizes", "text_meta"]

Schema = dict[str, Any]

#: The largest number that floats distinguish from its neighbours.
WIDEST = 2**53 - 1


class Refused(Exception):
    """No msgspec type exists that accepts only clean values of the schema."""


def text_meta(schema: Schema, least: int) -> Meta:
    """The constraints of a string of at least ``least`` characters."""
    limits = sizes(schema, "minLength", "maxLength")
    if least:
        limits["min_length"] = max(least, limits.get("min_length", 0))
    pattern = schema.get("pattern")
    if pattern is None:
        return Meta(**limits)
    if not isinstance(pattern, str):
        raise Refused
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError, Warning):
        raise Refused from None
    return Meta(pattern=pattern, **limits)


def integer_meta(schema: Schema) -> Meta:
    """The constraints of an integer written without a fraction."""
    least, most = -WIDEST, WIDEST
    if "minimum" in schema:
        least = max(least, ceil(_bound(schema, "minimum")))
    if "exclusiveMinimum" in schema:
        least = max(least, floor(_bound(schema, "exclusiveMinimum")) + 1)
    if "maximum" in schema:
        most = min(most, floor(_bound(schema, "maximum")))
    if "exclusiveMaximum" in schema:
        most = min(most, ceil(_bound(schema, "exclusiveMaximum")) - 1)
    if least > most:
        raise Refused
    if "multipleOf" not in schema:
        return Meta(ge=least, le=most)
    step = schema["multipleOf"]
    if type(step) is not int or not 0 < step <= WIDEST:
        raise Refused
    return Meta(ge=least, le=most, multiple_of=step)


def number_meta(schema: Schema) -> Meta:
    """The constraints of a number decoded as a float."""
    if "multipleOf" in schema:
        raise Refused  # msgspec divides in another way
    limits: dict[str, Any] = {"ge": -WIDEST, "le": WIDEST}
    if "minimum" in schema:
        limits["ge"] = max(limits["ge"], _bound(schema, "minimum"))
    if "maximum" in schema:
        limits["le"] = min(limits["le"], _bound(schema, "maximum"))
    # msgspec accepts one of the two: the exclusive bound replaces the other unless that is narrower.
    if "exclusiveMinimum" in schema and (low := _bound(schema, "exclusiveMinimum")) >= limits["ge"]:
        del limits["ge"]
        limits["gt"] = low
    if (
        "exclusiveMaximum" in schema
        and (high := _bound(schema, "exclusiveMaximum")) <= limits["le"]
    ):
        del limits["le"]
        limits["lt"] = high
    return Meta(**limits)


def _bound(schema: Schema, keyword: str) -> int | float:
    bound = schema[keyword]
    if not is_number(bound) or not -WIDEST <= bound <= WIDEST:
        raise Refused
    return bound  # type: ignore[no-any-return]  # a number, as was just asked


def sizes(schema: Schema, least: str, most: str) -> dict[str, Any]:
    """The bounds of a length, from the keywords ``least`` and ``most``, as arguments of ``Meta``."""
    limits = {}
    for keyword, name in ((least, "min_length"), (most, "max_length")):
        if keyword in schema:
            size = schema[keyword]
            if type(size) is not int or not 0 <= size <= WIDEST:
                raise Refused
            limits[name] = size
    return limits


def is_number(value: object) -> bool:
    """Whether a keyword's value is a number other than NaN; ``true`` is none."""
    return type(value) in (int, float) and value == value  # NaN is not itself
