"""Straight-line checks: what a generated validator does with each value, ready for the templates.

A ``ValueCheck`` says how one value is tested; conditions are finished Python expressions, limits and
pointers finished literals. What ``vocabulary.uncovered`` names is left to the jsonschema library, a whole value
at a time, so that keywords which depend on each other are never taken apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from runcomfy.model.messages import describe
from runcomfy_codegen.schema.keywords import Schema, uncovered
from runcomfy_codegen.schema.reference_validator import keeps

from .literals import PythonSource, literal, pointer
from .names import Identifier

__all__ = ["Branch", "Constant", "Member", "ObjectCheck", "Test", "ValueCheck", "compile_checks"]

Step = str | Identifier


@dataclass(frozen=True, slots=True)
class _Depth:
    """How deep a value stands, counted in loops and in objects; it numbers the variables."""

    loops: int = 0
    objects: int = 0

    def name(self, word: str) -> Identifier:
        level = self.objects if word == "member" else self.loops
        return Identifier(word if level <= 1 else f"{word}_{level}")


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
    """What is asked of a value of one type. Without anything to ask, its ``guard`` just lets it pass."""

    guard: PythonSource
    refusal: PythonSource
    tests: tuple[Test, ...] = ()
    #: Whether the tests ask for the length more than once, so that it gets a name.
    sized: bool = False
    items: ValueCheck | None = None
    #: Where items only have to be of one type: the Python type and its JSON name.
    uniform: tuple[PythonSource, PythonSource] | None = None
    #: The loop variables of the index and of the item.
    index: Identifier | None = None
    item: Identifier | None = None
    members: ObjectCheck | None = None
    #: Whether what is inside must still be looked at for NaN and the like.
    opaque: bool = False

    @property
    def idle(self) -> bool:
        """Whether a value of this type passes without a question."""
        return not (self.tests or self.items or self.uniform or self.members or self.opaque)


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
    #: Types with questions first; then those that only have to be let through.
    branches: tuple[Branch, ...] = ()
    #: The expected type or types in JSON's words, and the sentence for any other.
    expected: PythonSource | None = None
    message: PythonSource | None = None
    #: Whether any type is welcome.
    free: bool = False

    @property
    def active(self) -> tuple[Branch, ...]:
        """The branches that ask something."""
        return tuple(branch for branch in self.branches if not branch.idle)

    def refusal(self, optional: bool) -> PythonSource:
        """The condition under which no branch welcomes the value; empty where that needs no asking."""
        refused = [branch.refusal for branch in self.branches if branch.idle]
        if optional:
            refused.append(PythonSource(f"{self.variable} is not unset"))
        return PythonSource(" and ".join(refused))


@dataclass(frozen=True, slots=True)
class Member:
    """One property of an object."""

    wire_name: PythonSource
    required: bool
    #: The sentence for its absence.
    absence: PythonSource
    check: ValueCheck


@dataclass(frozen=True, slots=True)
class Missing:
    """A required name that has no property of its own."""

    name: PythonSource
    message: PythonSource


@dataclass(frozen=True, slots=True)
class ObjectCheck:
    """How an object is checked: its own tests, its members, and what else it may hold."""

    variable: Identifier
    pointer: PythonSource
    members: tuple[Member, ...]
    missing: tuple[Missing, ...]
    tests: tuple[Test, ...]
    sized: bool
    known: PythonSource
    known_list: PythonSource
    closed: bool


@dataclass(frozen=True, slots=True)
class _Kind:
    """A JSON type in Python: how a value is recognised, and the tests that its keywords make."""

    guard: str
    refusal: str
    tests: dict[str, str]


_ORDER = {
    "minimum": "{value} < {limit}",
    "maximum": "{value} > {limit}",
    "exclusiveMinimum": "{value} <= {limit}",
    "exclusiveMaximum": "{value} >= {limit}",
    "multipleOf": "not is_multiple({value}, {limit})",
}

_KINDS = {
    "string": _Kind(
        "{value}.__class__ is str",
        "{value}.__class__ is not str",
        {
            "minLength": "{size} < {limit}",
            "maxLength": "{size} > {limit}",
            "pattern": "not matches({limit}, {value})",
        },
    ),
    "integer": _Kind(
        "{value}.__class__ is int or ({value}.__class__ is float and {value}.is_integer())",
        "{value}.__class__ is not int and not ({value}.__class__ is float and {value}.is_integer())",
        _ORDER,
    ),
    "number": _Kind(
        "{value}.__class__ is int or ({value}.__class__ is float and is_finite({value}))",
        "{value}.__class__ is not int and not ({value}.__class__ is float and is_finite({value}))",
        _ORDER,
    ),
    "boolean": _Kind("{value}.__class__ is bool", "{value}.__class__ is not bool", {}),
    "null": _Kind("{value} is None", "{value} is not None", {}),
    "array": _Kind(
        "{value}.__class__ is list",
        "{value}.__class__ is not list",
        {"minItems": "{size} < {limit}", "maxItems": "{size} > {limit}"},
    ),
    "object": _Kind(
        "{value}.__class__ is dict",
        "{value}.__class__ is not dict",
        {"minProperties": "{size} < {limit}", "maxProperties": "{size} > {limit}"},
    ),
}


def compile_checks(schema: Schema) -> tuple[ObjectCheck | None, tuple[Constant, ...]]:
    """The checks of a clean input schema, and the constants that they refer to.

    ``None`` where the root itself holds a keyword that only the jsonschema library covers.
    """
    compiler = _Compiler()
    own = {k: v for k, v in schema.items() if k != "properties"}
    if uncovered(own) or schema.get("type", "object") != "object" or {"enum", "const"} & own.keys():
        return None, ()
    check = compiler.object(schema, Identifier("payload"), (), (), _Depth())
    return check, tuple(compiler.constants.values())


class _Compiler:
    def __init__(self) -> None:
        self.constants: dict[str, Constant] = {}

    def object(
        self,
        schema: Schema,
        variable: Identifier,
        steps: tuple[Step, ...],
        path: tuple[str, ...],
        depth: _Depth,
    ) -> ObjectCheck:
        properties: Schema = schema.get("properties", {})
        required: list[str] = schema.get("required", [])
        name = depth.name("member") if depth.objects else Identifier("value")
        return ObjectCheck(
            variable,
            pointer(steps),
            tuple(
                Member(
                    literal(wire),
                    wire in required,
                    literal(describe("required", wire)),
                    self.value(part, name, (*steps, wire), (*path, "properties", wire), depth),
                )
                for wire, part in properties.items()
            ),
            tuple(
                Missing(literal(wire), literal(describe("required", wire)))
                for wire in required
                if wire not in properties
            ),
            *_tests(_KINDS["object"], schema, variable),
            _set_of(list(properties)),
            literal(tuple(properties)),
            schema.get("additionalProperties") is False,
        )

    def value(
        self,
        schema: Schema,
        variable: Identifier,
        steps: tuple[Step, ...],
        path: tuple[str, ...],
        depth: _Depth,
    ) -> ValueCheck:
        check = ValueCheck(variable, pointer(steps))
        if uncovered(schema):
            return replace(check, library=literal(path))
        if "enum" in schema or "const" in schema:
            return self.choice(check, schema, steps)
        names = schema.get("type", list(_KINDS.keys() - {"integer"}))
        names = [names] if isinstance(names, str) else names
        if "number" in names:
            names = [name for name in names if name != "integer"]
        branches = [
            self.branch(name, schema, variable, steps, path, depth)
            for name in sorted(names, key=list(_KINDS).index)
        ]
        if "type" not in schema:
            asked = tuple(b for b in branches if b.tests or b.items or b.uniform or b.members)
            return replace(check, branches=asked, free=True)
        expected = _listed(schema["type"])
        message = literal(describe("type", expected))
        return replace(check, branches=tuple(branches), expected=literal(expected), message=message)

    def branch(
        self,
        name: str,
        schema: Schema,
        variable: Identifier,
        steps: tuple[Step, ...],
        path: tuple[str, ...],
        depth: _Depth,
    ) -> Branch:
        kind = _KINDS[name]
        made = Branch(
            PythonSource(kind.guard.format(value=variable)),
            PythonSource(kind.refusal.format(value=variable)),
            *_tests(kind, schema, variable),
        )
        if name == "array":
            return self.array(made, schema, steps, path, depth)
        if name != "object":
            return made
        if any(k in schema for k in ("properties", "required", "additionalProperties")):
            deeper = replace(depth, objects=depth.objects + 1)
            inner = self.object(schema, variable, steps, path, deeper)
            return replace(made, tests=(), sized=False, members=inner)
        return replace(made, opaque=True)

    def array(
        self,
        made: Branch,
        schema: Schema,
        steps: tuple[Step, ...],
        path: tuple[str, ...],
        depth: _Depth,
    ) -> Branch:
        if not schema.get("items"):
            return replace(made, opaque=True)
        deeper = replace(depth, loops=depth.loops + 1)
        index, item = deeper.name("index"), deeper.name("item")
        uniform = _uniform(schema["items"])
        if uniform:
            return replace(made, uniform=uniform, item=item)
        check = self.value(schema["items"], item, (*steps, index), (*path, "items"), deeper)
        return replace(made, items=check, index=index, item=item)

    def choice(self, check: ValueCheck, schema: Schema, steps: tuple[Step, ...]) -> ValueCheck:
        """Membership in the values that also keep every other rule of the schema."""
        rest = {k: v for k, v in schema.items() if k != "enum"}
        given = schema.get("enum", [schema.get("const")])
        allowed = tuple(value for value in given if keeps(rest, rest, value) is not False)
        types = {type(value) for value in allowed}
        value = check.variable
        if "enum" not in schema:
            condition = f"not is_member({value}, {literal(allowed)})"
            return replace(check, choice=_test(condition, "const", schema["const"]))
        if types not in ({str}, {int}):
            condition = f"not is_member({value}, {literal(allowed)})"
            return replace(check, choice=_test(condition, "enum", allowed))
        constant = self.constant(steps, allowed)
        wrong = (
            f"{value}.__class__ is not str"
            if types == {str}
            else f"({value}.__class__ is not int and {value}.__class__ is not float)"
        )
        condition = f"{wrong} or {value} not in {constant.name}"
        return replace(check, choice=_test(condition, "enum", allowed), constant=constant)

    def constant(self, steps: tuple[Step, ...], allowed: tuple[Any, ...]) -> Constant:
        words = [step for step in steps if not isinstance(step, Identifier)]
        name = Identifier("_".join(["ALLOWED", *map(_constant_word, words)]))
        made = Constant(name, tuple(map(literal, allowed)))
        while name in self.constants and self.constants[name] != made:
            name = Identifier(f"{name}_")
            made = replace(made, name=name)
        return self.constants.setdefault(name, made)


def _constant_word(word: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in word).upper()


def _listed(names: str | list[str]) -> str | tuple[str, ...]:
    return names if isinstance(names, str) else tuple(names)


def _set_of(names: list[str]) -> PythonSource:
    return PythonSource("{" + ", ".join(map(literal, names)) + "}") if names else PythonSource("()")


def _test(condition: str, rule: str, limit: Any) -> Test:
    return Test(
        PythonSource(condition), literal(rule), literal(limit), literal(describe(rule, limit))
    )


#: The Python type of items that have nothing to keep but their type.
_PLAIN_ITEMS = {"string": "str", "boolean": "bool"}


def _uniform(items: Schema) -> tuple[PythonSource, PythonSource] | None:
    name = items.get("type")
    if items.keys() != {"type"} or not isinstance(name, str) or name not in _PLAIN_ITEMS:
        return None
    return PythonSource(_PLAIN_ITEMS[name]), literal(name)


def _tests(kind: _Kind, schema: Schema, variable: Identifier) -> tuple[tuple[Test, ...], bool]:
    """The tests that the keywords of ``schema`` make, and whether they share the value's length."""
    asked = {keyword: words for keyword, words in kind.tests.items() if keyword in schema}
    sized = sum("{size}" in words for words in asked.values()) > 1
    size = "size" if sized else f"len({variable})"
    tests = tuple(
        _test(
            words.format(value=variable, size=size, limit=literal(schema[keyword])),
            keyword,
            schema[keyword],
        )
        for keyword, words in asked.items()
    )
    return tests, sized
