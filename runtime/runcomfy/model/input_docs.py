"""The documentation of an input for ``help()`` and notebooks, read from the stored schema on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .messages import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .request import Request

__all__ = ["describe"]

#: Keywords that are shown unchanged, in this order.
_TOLD = (
    "type", "enum", "const", "format", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "pattern", "minItems", "maxItems",
)  # fmt: skip
_LONGEST = 400


def describe(cls: type[Request[Any]], name: str, wire_name: str) -> str:
    """The meaning of an input, its limits, the rules for its files, and its demo value."""
    try:
        declared = cls.input_schema().get("properties", {}).get(wire_name)
    except (OSError, ValueError):  # a class that was written by hand
        return ""
    schema = declared if isinstance(declared, dict) else {}
    return "\n".join(_lines(cls, name, wire_name, schema))


def _lines(
    cls: type[Request[Any]], name: str, wire_name: str, schema: dict[str, Any]
) -> Iterator[str]:
    meaning = schema.get("description") or schema.get("title")
    if isinstance(meaning, str):
        yield printable(meaning)
    if name in cls._required:
        yield "required"
    if name != wire_name:
        yield f"sent as {printable(wire_name)}"
    for keyword in _TOLD:
        if keyword in schema:
            yield f"{keyword}: {_brief(schema[keyword])}"
    for media in cls._media:
        if media.path[0] == wire_name:
            yield from (
                f"{rule.name} {rule.limit}: {printable(rule.wording)}" for rule in media.rules
            )
    if "default" in schema:
        yield f"demo value: {_brief(schema['default'])}"


def _brief(value: object) -> str:
    text = printable(str(value))
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
