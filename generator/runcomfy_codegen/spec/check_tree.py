"""The checks of a generated validator as data, with finished conditions, limits and pointers."""

from __future__ import annotations

from dataclasses import dataclass

from .names import Identifier
from .python_source import PythonSource

__all__ = [
    "Branch",
    "Constant",
    "Member",
    "Missing",
    "ObjectCheck",
    "TaggedCheck",
    "Test",
    "OptionsCheck",
    "ValueCheck",
]


@dataclass(frozen=True, slots=True)
class Test:
    """``condition`` is true when the value breaks ``rule``."""

    condition: PythonSource
    rule: PythonSource
    limit: PythonSource
    message: PythonSource


@dataclass(frozen=True, slots=True)
class Constant:
    """The allowed values of an enum, as a constant of the module."""

    name: Identifier
    values: tuple[PythonSource, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """The checks of a value of one type. Without any, its ``guard`` only accepts the type."""

    guard: PythonSource
    refusal: PythonSource
    tests: tuple[Test, ...] = ()
    #: Whether several tests use the length, so that it gets a variable.
    sized: bool = False
    items: ValueCheck | None = None
    #: The Python type and its JSON name, if items are only checked for their type.
    uniform: tuple[PythonSource, PythonSource] | None = None
    #: The loop variables of the index and of the item.
    index: Identifier | None = None
    item: Identifier | None = None
    members: ObjectCheck | None = None
    union: OptionsCheck | None = None
    #: Whether what is inside must still be looked at for NaN and the like.
    opaque: bool = False

    @property
    def idle(self) -> bool:
        """Whether a value of this type passes without a question."""
        return not (self.asks or self.opaque)

    @property
    def asks(self) -> bool:
        """Whether a value of this type has any check beyond being JSON."""
        return bool(self.tests or self.items or self.uniform or self.members or self.union)


@dataclass(frozen=True, slots=True)
class ValueCheck:
    """How one value is checked. Exactly one of the three ways below applies."""

    variable: Identifier
    pointer: PythonSource
    #: The path of a part that the jsonschema library checks.
    library: PythonSource | None = None
    #: The condition that the value is none of the allowed ones.
    choice: Test | None = None
    #: Where they are texts or whole numbers, the constant that holds them.
    constant: Constant | None = None
    #: The types with checks first, then those that are only accepted.
    branches: tuple[Branch, ...] = ()
    #: The expected type or types in JSON's words, and the sentence for any other.
    expected: PythonSource | None = None
    message: PythonSource | None = None
    #: Whether any type is welcome.
    free: bool = False

    @property
    def active(self) -> tuple[Branch, ...]:
        """The branches with checks."""
        return tuple(branch for branch in self.branches if not branch.idle)

    def refusal(self, optional: bool) -> PythonSource:
        """The condition under which no branch welcomes the value; empty if that needs no asking."""
        refused = [branch.refusal for branch in self.branches if branch.idle]
        if optional:
            refused.append(PythonSource(f"{self.variable} is not unset"))
        return PythonSource(" and ".join(refused))


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One property of an object. Models share those that are the same, so each is equal to itself alone."""

    wire_name: PythonSource
    required: bool
    #: The sentence for its absence.
    absence: PythonSource
    check: ValueCheck


@dataclass(frozen=True, slots=True)
class Missing:
    """A required name without a property."""

    name: PythonSource
    message: PythonSource


@dataclass(frozen=True, slots=True)
class ObjectCheck:
    """The checks of an object: its own tests, its members, and its other members."""

    variable: Identifier
    pointer: PythonSource
    members: tuple[Member, ...]
    missing: tuple[Missing, ...]
    tests: tuple[Test, ...]
    sized: bool
    known: PythonSource
    known_list: PythonSource
    closed: bool
    #: The check of every other member, with the loop variables of its name and value.
    others: ValueCheck | None = None
    name: Identifier | None = None
    #: One of several checks, chosen by the text of a member.
    tagged: TaggedCheck | None = None
    #: Several checks, any or one of which has to pass.
    union: OptionsCheck | None = None


@dataclass(frozen=True, slots=True)
class TaggedCheck:
    """Objects of several forms, distinguished by the string value of one member, the tag."""

    variable: Identifier
    wire_name: PythonSource
    pointer: PythonSource
    #: The sentence for its absence.
    absence: PythonSource
    #: What is said of any other text.
    choice: Test
    #: The condition on the tag, and the check of the object if it holds.
    options: tuple[tuple[PythonSource, ObjectCheck], ...]


@dataclass(frozen=True, slots=True)
class OptionsCheck:
    """Values of one type for which there are several options; ``rule`` says how many of these they keep."""

    variable: Identifier
    rule: PythonSource
    options: tuple[ValueCheck, ...]
