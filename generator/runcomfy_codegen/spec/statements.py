"""Rendering checks as finished statements for the templates.

The conditions of a valid value come first; only a value that fails them is checked for being absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from .check_tree import Branch, Member, ObjectCheck, OptionsCheck, TaggedCheck, Test, ValueCheck
from .python_source import PythonSource, pointer

__all__ = ["payload_blocks"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A line; with a ``body``, the head of a block such as ``if value is None:``."""

    text: str
    body: tuple[Statement, ...] = ()


def payload_blocks(check: ObjectCheck | None) -> tuple[PythonSource, ...]:
    """The statements of a validator, in blocks; ``None`` is a payload that the jsonschema library checks."""
    if check is None:
        return (PythonSource('check_by_library(__name__, (), payload, "", found)'),)
    blocks = [
        PythonSource("unset = UNSET" if check.members or check.tagged or check.union else ""),
        _block(_own_tests(check)),
        *map(_input_block, check.members),
        _block(_strangers(check)),
        _block(_tagged(check.tagged, check)) if check.tagged else PythonSource(),
        _block(_union(check.union)) if check.union else PythonSource(),
    ]
    return tuple(filter(None, blocks))


@lru_cache(maxsize=1_000)
def _input_block(one: Member) -> PythonSource:
    """The statements for an input; models share many of them."""
    return _block(_member(one, "payload", pointer(()), "payload.get"))


def _block(statements: Iterable[Statement]) -> PythonSource:
    return PythonSource("\n".join(_lines(statements, "")))


def _lines(statements: Iterable[Statement], indent: str) -> Iterator[str]:
    for one in statements:
        yield indent + one.text
        yield from _lines(one.body, indent + "    ")


def _violation(pointer: str, rule: str, value: str, limit: str, message: str = "") -> Statement:
    last = f", {message}" if message else ""
    return Statement(f"found.append(Violation({pointer}, {rule}, {value}, {limit}{last}))")


def _tests(
    tests: tuple[Test, ...], sized: bool, variable: str, pointer: str
) -> Iterator[Statement]:
    if sized:
        yield Statement(f"size = len({variable})")
    for test in tests:
        broken = _violation(pointer, test.rule, variable, test.limit, test.message)
        yield Statement(f"if {test.condition}:", (broken,))


def _own_tests(check: ObjectCheck) -> Iterator[Statement]:
    """The checks of an object itself, and of required names without a property."""
    yield from _tests(check.tests, check.sized, check.variable, check.pointer)
    for name in check.missing:
        absent = _violation(check.pointer, "'required'", check.variable, name.name, name.message)
        yield Statement(f"if {name.name} not in {check.variable}:", (absent,))


def _object(check: ObjectCheck) -> Iterator[Statement]:
    """An object, and a form of the payload, whose inputs may be those of another form."""
    if check.tagged:
        yield from _tagged(check.tagged, check)
        return
    yield from _own_tests(check)
    for one in check.members:
        yield from _member(one, check.variable, check.pointer, f"{check.variable}.get")
    yield from _strangers(check)
    if not (check.closed or check.others):
        known = f"{check.variable}, {check.known}, {check.pointer}"
        yield Statement(f"check_others({known}, found)")


def _tagged(check: TaggedCheck, parent: ObjectCheck) -> Iterator[Statement]:
    """An object of several forms: the questions of the form that its tag names."""
    yield Statement(f"{check.variable} = {parent.variable}.get({check.wire_name}, unset)")
    absent = _violation(
        parent.pointer, "'required'", parent.variable, check.wire_name, check.absence
    )
    yield Statement(f"if {check.variable} is unset:", (absent,))
    choice = check.choice
    other = _violation(check.pointer, choice.rule, check.variable, choice.limit, choice.message)
    yield Statement(f"elif {choice.condition}:", (other,))
    for condition, option in check.options:
        body = tuple(_object(option))
        if body:
            yield Statement(f"elif {condition}:", body)


def _union(check: OptionsCheck) -> Iterator[Statement]:
    """A value with several options: each has a list of its own for what is wrong with the value."""
    first = check.options[0]
    made = f"UnionCheck({check.rule}, {first.pointer}, {first.variable}, found)"
    yield Statement(f"{check.variable} = {made}")
    for option in check.options:
        yield Statement(f"found = {check.variable}.option()")
        yield from _value(option)
    yield Statement(f"found = {check.variable}.end()")


def _member(one: Member, parent: str, place: str, get: str) -> Iterator[Statement]:
    yield Statement(f"{one.check.variable} = {get}({one.wire_name}, unset)")
    missing = None
    if one.required:
        missing = _violation(place, "'required'", parent, one.wire_name, one.absence)
    yield from _value(one.check, optional=not one.required, missing=missing)


def _strangers(check: ObjectCheck) -> Iterator[Statement]:
    """The check of undeclared members: a closed object refuses them."""
    if check.others:
        members = f"{check.variable}, {check.known}, {check.pointer}, found"
        head = f"for {check.name}, {check.others.variable} in other_members({members}):"
        yield Statement(head, tuple(_value(check.others)))
    if check.closed:
        stranger = _violation(check.pointer, "'additionalProperties'", "name", check.known_list)
        unknown = Statement(f"if name not in {check.known}:", (stranger,))
        yield Statement(f"for name in {check.variable}:", (unknown,))


def _value(
    check: ValueCheck, *, optional: bool = False, missing: Statement | None = None
) -> Iterator[Statement]:
    """A value: one that may be absent (``optional``), one whose absence is reported, or an item of a list."""
    if check.library or check.free:
        yield from _present(check, tuple(_unconditional(check)), optional, missing)
    elif check.choice:
        yield from _refused(check, check.choice.condition, _no_choice(check), optional, missing)
    elif check.active:
        yield from _typed(check, optional, missing)
    else:
        yield from _refused(check, check.refusal(False), _wrong_type(check), optional, missing)


def _present(
    check: ValueCheck, body: tuple[Statement, ...], optional: bool, missing: Statement | None
) -> Iterator[Statement]:
    if missing:
        yield Statement(f"if {check.variable} is unset:", (missing,))
        yield Statement("else:", body)
    elif optional:
        yield Statement(f"if {check.variable} is not unset:", body)
    else:
        yield from body


def _no_choice(check: ValueCheck) -> Statement:
    choice = check.choice
    if choice is None:
        raise TypeError("the value has no choice")
    if check.constant:
        refusal = f"{check.constant.name}.refuse({check.pointer}, {choice.rule}, {check.variable})"
        return Statement(f"found.append({refusal})")
    return _violation(check.pointer, choice.rule, check.variable, choice.limit, choice.message)


def _wrong_type(check: ValueCheck) -> Statement:
    limit, message = str(check.expected), str(check.message)
    return _violation(check.pointer, "'type'", check.variable, limit, message)


def _refused(
    check: ValueCheck,
    condition: str,
    refusal: Statement,
    optional: bool,
    missing: Statement | None,
) -> Iterator[Statement]:
    """A value that one condition refuses."""
    if optional:
        condition = f"({condition})" if " or " in condition else condition
        condition += f" and {check.variable} is not unset"
    body: tuple[Statement, ...] = (refusal,)
    if missing:
        body = (
            Statement(f"if {check.variable} is unset:", (missing,)),
            Statement("else:", (refusal,)),
        )
    yield Statement(f"if {condition}:", body)


def _unconditional(check: ValueCheck) -> Iterator[Statement]:
    """What applies to a value whatever its type."""
    if check.library:
        place = f"{check.library}, {check.variable}, {check.pointer}"
        yield Statement(f"check_by_library(__name__, {place}, found)")
        return
    anything = Statement(f"find_non_json({check.variable}, {check.pointer}, found)")
    yield from _branches(check)
    yield Statement("else:", (anything,)) if check.active else anything


def _typed(check: ValueCheck, optional: bool, missing: Statement | None) -> Iterator[Statement]:
    """A value of declared types: a block for each type with questions, and the refusal of all others."""
    yield from _branches(check)
    if missing:
        yield Statement(f"elif {check.variable} is unset:", (missing,))
    refusal = check.refusal(optional)
    yield Statement(f"elif {refusal}:" if refusal else "else:", (_wrong_type(check),))


def _branches(check: ValueCheck) -> Iterator[Statement]:
    word = "if"
    for branch in check.active:
        yield Statement(f"{word} {branch.guard}:", tuple(_questions(branch, check)))
        word = "elif"


def _questions(branch: Branch, check: ValueCheck) -> Iterator[Statement]:
    """The checks of a value whose type is known."""
    yield from _tests(branch.tests, branch.sized, check.variable, check.pointer)
    if branch.uniform:
        python_type, json_type = branch.uniform
        wrong = f"wrong_items({check.pointer}, {check.variable}, {python_type}, {json_type})"
        first = Statement(
            f"if {branch.item}.__class__ is not {python_type}:",
            (Statement(f"found += {wrong}"), Statement("break")),
        )
        yield Statement(f"for {branch.item} in {check.variable}:", (first,))
    elif branch.items:
        body = tuple(_value(branch.items))
        head = f"for {branch.index}, {branch.item} in enumerate({check.variable}):"
        yield Statement(head, body)
    if branch.members:
        yield from _object(branch.members)
    if branch.union:
        yield from _union(branch.union)
    if branch.opaque:
        yield Statement(f"find_non_json({check.variable}, {check.pointer}, found)")
