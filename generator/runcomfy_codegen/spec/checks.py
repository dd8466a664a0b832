"""Compiling a clean schema to straight-line checks.

A schema becomes the tree of ``check_tree.py``. What ``schema/kinds.py`` cannot say type by type is left to the jsonschema library, a
whole input at a time, so that keywords which depend on each other are never taken apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from runcomfy.model.messages import describe
from runcomfy_codegen.schema.keywords import Schema, parts_of
from runcomfy_codegen.schema.kinds import ALL_KINDS, TAGGED, UNION, Kinds, NotCompiled, Reader

from .check_tree import (
    Branch,
    Constant,
    Member,
    Missing,
    ObjectCheck,
    OptionsCheck,
    TaggedCheck,
    ValueCheck,
)
from .conditions import (
    KINDS,
    STRUCTURE,
    condition_test,
    contains_tests,
    dependent_tests,
    keyword_tests,
    require_conditions,
    uniform_type,
)
from .enums import choice_check, is_choice, member_test
from .names import Identifier
from .python_source import PythonSource, literal, pointer

__all__ = ["Compiled", "compile_checks"]

Step = str | Identifier


@dataclass(frozen=True, slots=True)
class _Depth:
    """The depth of a value, counted in loops, objects and unions; it numbers the variables."""

    loops: int = 0
    objects: int = 0
    unions: int = 0

    @property
    def levels(self) -> int:
        """How deep in all."""
        return self.loops + self.objects + self.unions

    def name(self, word: str) -> Identifier:
        level = {"member": self.objects, "tag": self.objects, "union": self.unions}.get(
            word, self.loops
        )
        return Identifier(word if level <= 1 else f"{word}_{level}")


#: Levels of lists, objects and unions that straight-line code is nested in: Python refuses code that is nested much deeper.
_MAX_DEPTH = 16
#: Values that the code of one input tests. A reader of more would not see the wood for the trees.
_MAX_VALUES = 400


#: (name, whether required, schema) of an input that refers to nothing else -> its check and the constants of it.
_inputs: dict[tuple[str, bool, str], tuple[Member, dict[str, Constant]]] = {}
_MOST_REMEMBERED = 5_000


@dataclass(frozen=True, slots=True)
class Compiled:
    """The checks of an input schema."""

    #: ``None`` if the jsonschema library checks the whole payload.
    checks: ObjectCheck | None
    constants: tuple[Constant, ...]
    #: Input, or ``""`` for the whole payload -> the keywords for which the library checks it.
    by_library: dict[str, frozenset[str]]


def compile_checks(schema: Schema) -> Compiled:
    """The checks of a clean input schema, and the constants that they refer to."""
    require_conditions()
    compiler = _Compiler(schema)
    try:
        check = compiler.payload()
    except NotCompiled as error:
        return Compiled(None, (), {"": error.words})
    return Compiled(check, tuple(compiler.constants.values()), compiler.by_library)


@dataclass(slots=True)
class _Compiler:
    schema: Schema
    constants: dict[str, Constant] = field(default_factory=dict)
    by_library: dict[str, frozenset[str]] = field(default_factory=dict)
    #: Values that were compiled for the current input.
    values: int = 0
    reader: Reader = field(init=False)
    #: Where each schema stands, as the steps to it.
    paths: dict[int, tuple[object, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.schema)
        self.paths = dict(_paths(self.schema, ()))

    def payload(self) -> ObjectCheck:
        kinds, _ = self.reader.read(self.schema)
        if "object" not in kinds or {"enum", "const"} & kinds["object"].keys():
            raise NotCompiled({"enum", "const", "type", "allOf"} & self.schema.keys() or {"type"})
        return self.object(kinds["object"], Identifier("payload"), (), _Depth())

    def object(
        self,
        schema: Schema,
        variable: Identifier,
        steps: tuple[Step, ...],
        depth: _Depth,
    ) -> ObjectCheck:
        if TAGGED in schema:
            return self.tagged(schema, variable, steps, depth)
        if UNION in schema:
            union = self.union("object", schema, variable, steps, depth)
            return replace(_nothing(variable, steps), union=union)
        properties: Schema = schema.get("properties", {})
        required: list[str] = schema.get("required", [])
        others, name = self.others(schema, steps, depth)
        tests, sized = keyword_tests(KINDS["object"], schema, variable)
        member = self.member if depth.objects else self.input
        return ObjectCheck(
            variable,
            pointer(steps),
            tuple(
                member(part, wire in required, (*steps, wire), depth)
                for wire, part in properties.items()
            ),
            tuple(
                Missing(literal(wire), literal(describe("required", wire)))
                for wire in required
                if wire not in properties
            ),
            (*tests, *dependent_tests(schema, variable)),
            sized,
            _set_of(list(properties)),
            literal(tuple(properties)),
            schema.get("additionalProperties") is False,
            others,
            name,
        )

    def others(
        self, schema: Schema, steps: tuple[Step, ...], depth: _Depth
    ) -> tuple[ValueCheck | None, Identifier | None]:
        """The check of the members that a schema has no names for, and the variable for their names."""
        inner = schema.get("additionalProperties", True)
        if isinstance(inner, bool) or inner == {}:
            return None, None
        deeper = replace(depth, loops=depth.loops + 1)
        name = deeper.name("key")
        return self.value(inner, deeper.name("item"), (*steps, name), deeper), name

    def tagged(
        self,
        schema: Schema,
        variable: Identifier,
        steps: tuple[Step, ...],
        depth: _Depth,
    ) -> ObjectCheck:
        wire, options = schema[TAGGED]
        inside = depth if depth.objects else replace(depth, objects=1)
        tag = inside.name("tag")
        known = tuple(text for texts, _ in options for text in texts)
        check = TaggedCheck(
            tag,
            literal(wire),
            pointer((*steps, wire)),
            literal(describe("required", wire)),
            condition_test(
                f"{tag}.__class__ is not str or {tag} not in {literal(known)}", "enum", known
            ),
            tuple(
                (_tag_is(tag, texts), self.option(wire, option, variable, steps, inside))
                for texts, option in options
            ),
        )
        return replace(_nothing(variable, steps), tagged=check)

    def option(
        self,
        tag: str,
        schema: Schema,
        variable: Identifier,
        steps: tuple[Step, ...],
        depth: _Depth,
    ) -> ObjectCheck:
        """A form of a tagged object; that the tag is there, and which text it is, is known."""
        if not steps:  # a form of the payload counts by itself, as an input does
            self.values = 0
        check = self.object(schema, variable, steps, depth)
        others = tuple(one for one in check.members if one.wire_name != literal(tag))
        return replace(check, members=others)

    def input(
        self,
        schema: Schema,
        required: bool,
        steps: tuple[str, ...],
        depth: _Depth,
    ) -> Member:
        """The check of an input, made once for all models that have the same."""
        wire, text = steps[0], json.dumps(schema)
        found = _inputs.get((wire, required, text))
        if found is None:
            try:
                found = self.alone(schema, required, steps, depth)
            except NotCompiled as error:  # the library checks an input as a whole, or not at all
                self.by_library[wire] = error.words
                path = literal(self.paths[id(schema)])
                whole = ValueCheck(Identifier("value"), pointer(steps), library=path)
                return _member(wire, required, whole)
            if '"$ref"' not in text and len(_inputs) < _MOST_REMEMBERED:
                _inputs[wire, required, text] = found
        member, constants = found
        if constants.keys() & self.constants.keys():  # two inputs whose names differ little
            return self.member(schema, required, steps, depth)
        self.constants |= constants
        return member

    def alone(
        self,
        schema: Schema,
        required: bool,
        steps: tuple[str, ...],
        depth: _Depth,
    ) -> tuple[Member, dict[str, Constant]]:
        """An input as if there were no other, and its constants. Raises ``NotCompiled``."""
        others, self.constants = self.constants, {}
        self.values = 0
        try:
            return self.member(schema, required, steps, depth), self.constants
        finally:
            self.constants = others

    def member(
        self,
        schema: Schema,
        required: bool,
        steps: tuple[Step, ...],
        depth: _Depth,
    ) -> Member:
        name = depth.name("member") if depth.objects else Identifier("value")
        return _member(steps[-1], required, self.value(schema, name, steps, depth))

    def value(
        self,
        schema: Schema,
        variable: Identifier,
        steps: tuple[Step, ...],
        depth: _Depth,
    ) -> ValueCheck:
        self.count(schema, depth)
        kinds, followed = self.reader.read(schema)
        if any(map(self.reader.is_recursive, followed)):
            raise NotCompiled(_words(schema))
        check = ValueCheck(variable, pointer(steps))
        if "enum" in schema or "const" in schema or (kinds and all(map(is_choice, kinds.values()))):
            return choice_check(check, schema, kinds, steps, self.constants)
        if not kinds:
            raise NotCompiled(_words(schema))
        branches = [
            self.branch(kind, kinds[kind], variable, steps, depth)
            for kind in sorted(kinds, key=list(KINDS).index)
        ]
        if kinds.keys() == set(ALL_KINDS) and "type" not in kinds["number"]:
            return replace(check, branches=tuple(b for b in branches if b.asks), free=True)
        expected = _expected(schema, kinds)
        message = literal(describe("type", expected))
        return replace(check, branches=tuple(branches), expected=literal(expected), message=message)

    def branch(
        self,
        name: str,
        schema: Schema,
        variable: Identifier,
        steps: tuple[Step, ...],
        depth: _Depth,
    ) -> Branch:
        kind = KINDS[str(schema.get("type", name))]
        made = Branch(
            PythonSource(kind.guard.format(value=variable)),
            PythonSource(kind.refusal.format(value=variable)),
            *keyword_tests(kind, schema, variable),
        )
        if is_choice(schema):
            return replace(made, tests=(member_test(schema, variable, steps, self.constants),))
        if UNION in schema:
            return replace(made, union=self.union(name, schema, variable, steps, depth))
        if name == "array":
            return self.array(made, schema, variable, steps, depth)
        if name != "object":
            return made
        if any(k in schema for k in STRUCTURE | {TAGGED}):
            deeper = replace(depth, objects=depth.objects + 1)
            inner = self.object(schema, variable, steps, deeper)
            return replace(made, tests=(), sized=False, members=inner)
        return replace(made, opaque=True)

    def union(
        self,
        name: str,
        schema: Schema,
        variable: Identifier,
        steps: tuple[Step, ...],
        depth: _Depth,
    ) -> OptionsCheck:
        """Options for values of one type, each as the check of a value that is of this type alone."""
        word, options = schema[UNION]
        deeper = replace(depth, unions=depth.unions + 1)
        checks = []
        for option in options:
            if not steps:  # a form of the payload counts by itself, as an input does
                self.values = 0
            self.count({word: options}, deeper)
            branch = self.branch(name, option, variable, steps, deeper)
            expected = str(option.get("type", name))
            limit_and_message = literal(expected), literal(describe("type", expected))
            checks.append(
                ValueCheck(
                    variable, pointer(steps), None, None, None, (branch,), *limit_and_message
                )
            )
        return OptionsCheck(deeper.name("union"), literal(word), tuple(checks))

    def count(self, schema: Schema, depth: _Depth) -> None:
        """One value more; raises ``NotCompiled`` where the code would be too long or nested too deeply."""
        self.values += 1
        if self.values > _MAX_VALUES or depth.levels > _MAX_DEPTH:
            raise NotCompiled(_words(schema))

    def array(
        self,
        made: Branch,
        schema: Schema,
        variable: Identifier,
        steps: tuple[Step, ...],
        depth: _Depth,
    ) -> Branch:
        if "contains" in schema:
            allowed = self.reader.contained(schema)
            made = replace(made, tests=(*made.tests, *contains_tests(schema, variable, allowed)))
        if not schema.get("items"):
            return replace(made, opaque=True)
        deeper = replace(depth, loops=depth.loops + 1)
        index, item = deeper.name("index"), deeper.name("item")
        uniform = uniform_type(schema["items"])
        if uniform:
            return replace(made, uniform=uniform, item=item)
        check = self.value(schema["items"], item, (*steps, index), deeper)
        return replace(made, items=check, index=index, item=item)


def _member(wire: str, required: bool, check: ValueCheck) -> Member:
    return Member(literal(wire), required, literal(describe("required", wire)), check)


def _nothing(variable: Identifier, steps: tuple[Step, ...]) -> ObjectCheck:
    """The check of an object without conditions of its own."""
    none = PythonSource("()")
    return ObjectCheck(variable, pointer(steps), (), (), (), False, none, none, False)


def _tag_is(tag: Identifier, texts: list[str]) -> PythonSource:
    known = literal(tuple(texts))
    return PythonSource(f"{tag} == {literal(texts[0])}" if len(texts) == 1 else f"{tag} in {known}")


def _paths(schema: Schema, path: tuple[object, ...]) -> Iterator[tuple[int, tuple[object, ...]]]:
    yield id(schema), path
    for steps, part in parts_of(schema):
        if isinstance(part, dict):
            yield from _paths(part, (*path, *steps))


def _words(schema: Schema) -> set[str]:
    """The keywords that a schema leaves to others."""
    return {"$ref", "allOf", "anyOf", "oneOf"} & schema.keys() or set(schema)


def _expected(schema: Schema, kinds: Kinds) -> str | tuple[str, ...]:
    """The accepted types, as the schema writes them if it does."""
    names = schema.get("type")
    if isinstance(names, str):
        return names
    if names and len(names) == len(kinds):
        return tuple(names)
    names = [str(part.get("type", kind)) for kind, part in kinds.items()]
    return names[0] if len(names) == 1 else tuple(names)


def _set_of(names: list[str]) -> PythonSource:
    return PythonSource("{" + ", ".join(map(literal, names)) + "}") if names else PythonSource("()")
