"""``Choices``: the allowed values of an enum, as generated modules hold them."""

from __future__ import annotations

from .violation import Violation

__all__ = ["Choices"]


class Choices(dict[object, None]):
    """Allowed values, in the order of the schema and quick to ask: ``value in QUALITIES``.

    A set would lose the order and a tuple would compare one by one; a dict does neither.
    """

    __slots__ = ("_message", "_values")

    def __init__(self, *values: object) -> None:
        super().__init__(dict.fromkeys(values))
        self._values = values
        self._message: str | None = None

    def refuse(self, pointer: str, rule: str, value: object) -> Violation:
        """The violation for a value that is not among them. The sentence is made once."""
        if self._message is None:
            from .wording import describe

            self._message = describe(rule, self._values)
        return Violation(pointer, rule, value, self._values, self._message)
