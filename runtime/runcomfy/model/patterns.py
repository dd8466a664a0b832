"""Regular expressions in bounded time: the verdict of ``re.search`` without catastrophic backtracking.

A pattern such as ``^(a+)+$`` takes ``re`` twice as long with each character. Patterns with such nesting, and
those that would be slow on a long text, run on a simulation of all their states at once, in time that grows with
the length of the text.
"""

from __future__ import annotations

import importlib
import re
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

__all__ = ["is_bounded", "search"]

#: The number of ``re`` steps that is always fast.
_STEPS = 10_000_000
#: States that a simulation may have; ``(a{999}){999}`` would have a million.
_STATES = 5_000
#: The number of paths through a pattern, as a power of two, up to which it is always fast.
_CHOICES = 20
#: A repeat of more than this counts as endless.
_MANY = 16

_parser: Any = importlib.import_module("re._parser")


def search(pattern: str, text: str) -> bool:
    """Whether ``pattern`` is found anywhere in ``text``, as ``re.search`` finds it."""
    cost, states = _read(pattern)
    if states is None or len(text) ** cost <= _STEPS:
        return re.search(pattern, text) is not None
    return _simulate(states, text)


def is_bounded(pattern: str) -> bool:
    """Whether the time of ``search`` is polynomial in the length of the text."""
    cost, states = _read(pattern)
    return states is not None or cost < _EXPONENTIAL


#: The cost of a pattern with nested repeats: no text is short enough for ``re``.
_EXPONENTIAL = 99


@lru_cache(maxsize=256)
def _read(pattern: str) -> tuple[int, list[_State] | None]:
    """The power of the text's length that ``re`` may take, and the states of a simulation if there can be one."""
    tree = _parser.parse(pattern)
    cost = _cost(tree) if _choices(tree) <= _CHOICES else _EXPONENTIAL
    if cost < _EXPONENTIAL and not _is_anchored(tree):
        cost += 1  # it is tried at each place
    if cost <= 1 or tree.state.flags != re.UNICODE:
        return cost, None
    try:
        states: list[_State] = []
        _compile(tree, states)
    except _NoSimulation:
        return cost, None
    return cost, [*states, ("found", None, 0)]


def _is_anchored(tree: Iterable[Any]) -> bool:
    return any(str(op) == "AT" and "BEGINNING" in str(value) for op, value in list(tree)[:1])


def _cost(tree: Iterable[Any], *, repeated: bool = False) -> int:
    cost = 0
    for op, value in tree:
        name = str(op)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, body = value
            endless = high > _MANY
            if repeated and low != high:
                return _EXPONENTIAL
            cost += (1 if endless else 0) + _cost(body, repeated=repeated or endless)
        elif name == "BRANCH":
            if repeated:
                return _EXPONENTIAL
            cost += max(_cost(branch) for branch in value[1])
        else:
            cost += sum(_cost(part, repeated=repeated) for part in _parts(name, value))
    return min(cost, _EXPONENTIAL)


def _choices(tree: Iterable[Any]) -> int:
    """The ways through the pattern that ``re`` may try besides endless repeats, as a power of two.

    ``a?`` forty times in a row has 2**40 of them, without any nesting.
    """
    bits = 0
    for op, value in tree:
        name = str(op)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, body = value
            inside = _choices(body)
            bits += inside if high > _MANY else (high - low).bit_length() + high * inside
        elif name == "BRANCH":
            branches = value[1]
            bits += (len(branches) - 1).bit_length() + max(map(_choices, branches))
        else:
            bits += sum(map(_choices, _parts(name, value)))
    return bits


def _parts(name: str, value: Any) -> list[Any]:
    if name == "SUBPATTERN":
        return [value[3]]
    if name in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    if name == "ATOMIC_GROUP":
        return [value]
    if name == "GROUPREF_EXISTS":
        return [part for part in value[1:] if part is not None]
    return []


#: (kind, test of a character or of a place, or other state, next state). Kinds: char, place, fork, found.
_State = tuple[str, "Any", int]


class _NoSimulation(Exception):
    """The pattern has something that needs backtracking, or too many states."""


def _compile(tree: Iterable[Any], states: list[_State]) -> None:
    """Add the states of ``tree``; the last one leads to the state that is added next."""
    for op, value in tree:
        name = str(op)
        if len(states) > _STATES:
            raise _NoSimulation
        if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            states.append(("char", _character(name, value), len(states) + 1))
        elif name == "AT" and str(value) in _PLACES:
            states.append(("place", _PLACES[str(value)], len(states) + 1))
        elif name == "SUBPATTERN" and not value[1] and not value[2]:
            _compile(value[3], states)
        elif name == "BRANCH":
            _branch(value[1], states)
        elif name in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, body = value
            _repeat(low, high, body, states)
        else:
            raise _NoSimulation


def _branch(branches: list[Any], states: list[_State]) -> None:
    ends = []
    for branch in branches[:-1]:
        fork = len(states)
        states.append(("fork", 0, fork + 1))
        _compile(branch, states)
        ends.append(len(states))
        states.append(("fork", 0, 0))
        states[fork] = ("fork", len(states), fork + 1)
    _compile(branches[-1], states)
    for end in ends:
        states[end] = ("fork", len(states), len(states))


def _repeat(low: int, high: int, body: Any, states: list[_State]) -> None:
    if low > _STATES:
        raise _NoSimulation
    for _ in range(low):
        _compile(body, states)
    if high is _parser.MAXREPEAT:
        fork = len(states)
        states.append(("fork", 0, fork + 1))
        _compile(body, states)
        states.append(("fork", fork, fork))
        states[fork] = ("fork", len(states), fork + 1)
        return
    if high - low > _STATES:
        raise _NoSimulation
    forks = []
    for _ in range(high - low):
        forks.append(len(states))
        states.append(("fork", 0, len(states) + 1))
        _compile(body, states)
    for fork in forks:
        states[fork] = ("fork", len(states), fork + 1)


def _character(name: str, value: Any) -> Callable[[str], bool]:
    if name == "ANY":
        return lambda character: character != "\n"
    if name == "LITERAL":
        return chr(value).__eq__
    if name == "NOT_LITERAL":
        return chr(value).__ne__
    negated = bool(value) and str(value[0][0]) == "NEGATE"
    tests = [_member(str(op), one) for op, one in (value[1:] if negated else value)]
    return lambda character: any(test(character) for test in tests) is not negated


def _member(name: str, value: Any) -> Callable[[str], bool]:
    if name == "LITERAL":
        return chr(value).__eq__
    if name == "RANGE":
        low, high = map(chr, value)
        return lambda character: low <= character <= high
    if name == "CATEGORY" and str(value) in _CATEGORIES:
        return _CATEGORIES[str(value)]
    raise _NoSimulation


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


_CATEGORIES: dict[str, Callable[[str], bool]] = {
    "CATEGORY_DIGIT": str.isdecimal,
    "CATEGORY_NOT_DIGIT": lambda character: not character.isdecimal(),
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_NOT_SPACE": lambda character: not character.isspace(),
    "CATEGORY_WORD": _is_word,
    "CATEGORY_NOT_WORD": lambda character: not _is_word(character),
}


def _at_boundary(text: str, at: int) -> bool:
    before = at > 0 and _is_word(text[at - 1])
    return before != (at < len(text) and _is_word(text[at]))


_PLACES: dict[str, Callable[[str, int], bool]] = {
    "AT_BEGINNING": lambda _, at: at == 0,
    "AT_BEGINNING_STRING": lambda _, at: at == 0,
    "AT_END": lambda text, at: at == len(text) or (at == len(text) - 1 and text[at] == "\n"),
    "AT_END_STRING": lambda text, at: at == len(text),
    "AT_BOUNDARY": _at_boundary,
}


def _simulate(states: list[_State], text: str) -> bool:
    current: set[int] = set()
    for at in range(len(text) + 1):
        found = _reached([*current, 0], states, text, at)
        if len(states) - 1 in found:
            return True
        if at == len(text):
            break
        current = {
            states[number][2]
            for number in found
            if states[number][0] == "char" and states[number][1](text[at])
        }
    return False


def _reached(starts: list[int], states: list[_State], text: str, at: int) -> set[int]:
    """The states that are reached without reading a character."""
    found: set[int] = set()
    while starts:
        number = starts.pop()
        if number in found:
            continue
        found.add(number)
        kind, test, following = states[number]
        if kind == "fork":
            starts += (test, following)
        elif kind == "place" and test(text, at):
            starts.append(following)
    return found
