"""The violations of a value that matches none of several options, or too many."""

from __future__ import annotations

from .json_values import is_plain
from .violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["matches_none", "union_violations"]

_SENTENCE = 300
#: The number of options of a union that a message lists.
_OPTIONS = 6
#: Rules by which a value is of another kind, or has another mark.
_MARKS = ("const", "enum")
_KINDS = (*_MARKS, "type")


def union_violations(
    rule: str, pointer: str, value: object, options: list[list[Violation]]
) -> list[Violation]:
    """The violations of the closest option, or else one of the union; ``options`` holds the violations of each."""
    if [] in options:
        return [Violation(pointer, rule, value, None, "matches more than one option")]
    strange = [one for option in options for one in option if not is_plain(one.value)]
    if strange:  # the payload is checked again in plain data
        return strange
    ranked = sorted(_distance(option, pointer) for option in options)
    if ranked[0][0] or ranked[1:2] == ranked[:1]:  # it is none of them, or two alike
        first = (option[0] for option in options)
        reasons = (f"{one.pointer[len(pointer) :]} {one.message}".strip() for one in first)
        return [Violation(pointer, rule, value, None, matches_none(reasons))]
    return next(option for option in options if _distance(option, pointer) == ranked[0])


def matches_none(reasons: Iterable[str]) -> str:
    """The message for a value that matches no option: the requirements of the options."""
    wanted = list(dict.fromkeys(reasons))
    options = " or ".join(wanted[:_OPTIONS]) + (" or …" if len(wanted) > _OPTIONS else "")
    return f"matches no option: {options}" if len(options) <= _SENTENCE else "matches no option"


def _distance(option: list[Violation], pointer: str) -> tuple[bool, int, int]:
    """How far a value is from an option: of another kind, with another mark, with so many faults."""
    marks = sum(one.rule in _MARKS for one in option)
    other = any(one.pointer == pointer and one.rule in _KINDS for one in option)
    return other, marks, len(option)
