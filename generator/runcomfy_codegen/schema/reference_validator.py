"""Whether a value satisfies a schema, for the schema's own enums and demo values."""

from __future__ import annotations

from runcomfy.model.library_validator import TooMuchWork, errors_of, validator_for

from .keywords import Schema

__all__ = ["TooMuchWork", "broken_rules", "keeps"]


#: The JSON types of plain values.
_TYPES: dict[type, frozenset[str]] = {
    str: frozenset(["string"]),
    bool: frozenset(["boolean"]),
    int: frozenset(["integer", "number"]),
    type(None): frozenset(["null"]),
}


def broken_rules(root: Schema, part: Schema, value: object) -> list[tuple[str, str]]:
    """(rule, place in the value) of all that is broken. Raises ``TooMuchWork``."""
    errors = errors_of(validator_for(root, part), value)
    return [(str(error.validator), str(error.json_path)) for error in errors]


def keeps(root: Schema, part: Schema, value: object) -> bool | None:
    """Whether ``value`` satisfies ``part``; ``None`` if the check takes too much work."""
    if (
        part.keys() == {"type"} and value.__class__ in _TYPES
    ):  # most parts, and the library takes its time
        given = part["type"]
        return not _TYPES[value.__class__].isdisjoint([given] if isinstance(given, str) else given)
    try:
        return not broken_rules(root, part, value)
    except (TooMuchWork, RecursionError, OverflowError):
        return None
