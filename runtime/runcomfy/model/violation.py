"""``Violation``: one violation of a rule by a payload."""

from __future__ import annotations

__all__ = ["UNCHECKED", "Violation"]

#: The rule of a part of the payload that took too much work to check. It is not a violation.
UNCHECKED = "unchecked"


class Violation:
    """One violation of a rule by a payload.

    ``pointer`` is the JSON pointer (RFC 6901) of the value inside the payload, ``""`` for the payload
    itself. ``rule`` is the JSON Schema keyword, or the custom rule as the schema writes it
    (``"width_pixels>"``). ``value`` is what was found, ``limit`` what the rule allows, and ``message``
    the rule in words. The text of a violation holds all of it.

    >>> violation = Violation("/seed", "minimum", -1, 0)
    >>> violation.message
    'must be at least 0'
    >>> print(violation)
    /seed: must be at least 0, got -1
    """

    __slots__ = ("limit", "message", "pointer", "rule", "value")

    def __init__(
        self, pointer: str, rule: str, value: object, limit: object, message: str | None = None
    ) -> None:
        self.pointer = pointer
        self.rule = rule
        self.value = value
        self.limit = limit
        if message is None:
            from .messages import describe  # on the failure path only: it costs start-up time

            message = describe(rule, limit)
        self.message = message

    def as_dict(self) -> dict[str, object]:
        """The violation as plain data, for JSON. A long value is shortened."""
        from .messages import shorten

        return {
            "pointer": self.pointer,
            "rule": self.rule,
            "message": self.message,
            "value": shorten(self.value),
            "limit": self.limit,
        }

    def __str__(self) -> str:
        from .messages import sentence

        return f"{self.pointer or 'payload'}: {sentence(self.rule, self.message, self.value, self.limit)}"

    def __repr__(self) -> str:
        return f"<Violation {self}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Violation):
            return NotImplemented
        return (self.pointer, self.rule, self.value, self.limit, self.message) == (
            other.pointer,
            other.rule,
            other.value,
            other.limit,
            other.message,
        )

    def __reduce__(self) -> tuple[object, ...]:
        return Violation, (self.pointer, self.rule, self.value, self.limit, self.message)

    # Values are payload parts, lists and dicts among them, which have no hash.
    __hash__ = None  # type: ignore[assignment]  # the documented way to say "unhashable"
