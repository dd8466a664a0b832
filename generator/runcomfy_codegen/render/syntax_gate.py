"""The syntax gate: a rendered module may contain only constructs that the templates produce.

Whatever a schema smuggled into the text, it would need a kind of node, a call, an import or a private name that is
not on these lists. A name that no one defines is refused as well: it would be a ``NameError`` for every payload.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from runcomfy import model
from runcomfy_codegen.errors import SchemaError

__all__ = ["Names", "verify"]

#: Fields that hold no node; the context is asked of names alone.
_PLAIN = frozenset(
    "ctx id attr arg name asname module level simple conversion kind type_comment type_ignores".split()
)
#: The nodes that our templates make, and the fields of each that hold others.
_NODES = """
    Module Expr ImportFrom alias Name Assign AnnAssign If For Return FunctionDef arguments arg keyword Call Attribute
    Subscript Tuple List Dict Set Compare BoolOp UnaryOp Break AugAssign Add And Or Not Is IsNot In NotIn Lt Gt LtE GtE
    Eq USub JoinedStr FormattedValue ClassDef BinOp BitOr
"""
_PARTS: dict[type[ast.AST], tuple[str, ...]] = {ast.Constant: ()}
for _name in _NODES.split():
    _kind: type[ast.AST] = getattr(ast, _name)
    _PARTS[_kind] = tuple(name for name in _kind._fields if name not in _PLAIN)

_BUILTINS = frozenset(
    "bool dict enumerate float int len list object staticmethod str tuple __name__".split()
)
_CALLS = frozenset(model.__all__) | {"enumerate", "len", "staticmethod", "tuple"}
_METHODS = frozenset({"append", "end", "get", "is_integer", "option", "refuse"})
_IMPORTS = {
    "__future__": {"annotations"},
    "collections.abc": {"Mapping", "Sequence"},
    "typing": {"Any", "Literal", "NotRequired", "TypedDict"},
    "runcomfy.model": set(model.__all__),
}
_CONSTANTS = (str, int, float, type(None))
_PRIVATE = frozenset(
    """
    __all__ __class__ __slots__ __name__ __getattr__ __dir__ _MODELS _OWNERS _SCHEMAS _fields _check _required _aliases
    _admitted _members _media _example _deprecated
    """.split()
)
#: Where a function's node holds the names that its body defines, once it was walked.
_DEFINED = "defined"
#: Python refuses more loops inside each other than this.
_LOOPS = 20

_ADVICE = "This is a bug in the generator, not in your schema; please report it with the schema."


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a module uses without defining them, by place of use."""

    at_run_time: set[str] = field(default_factory=set)
    in_hints: set[str] = field(default_factory=set)


class _Place(NamedTuple):
    """Where a node stands: the names of its scope, whether it is part of a hint, and the loops around it."""

    scope: set[str]
    hint: bool = False
    loops: int = 0


def verify(
    source: str, place: str, importable: Container[str] = (), checks: Sequence[str] = ()
) -> Names:
    """The names that a rendered module has to import, all of them among ``importable``.

    ``checks`` are blocks of statements that will stand in the module's function ``check``. Raises ``SchemaError`` where
    either holds what it should not, or uses a name that is neither defined nor importable.
    """
    try:
        tree = ast.parse(source)
        module: set[str] = set()
        loads = _walk(tree, module)
        if checks:
            blocks = [_block(text) for text in checks]
            known = module.union(_names_in_check(tree), *(block.defined for block in blocks))
            loads += [load for block in blocks for load in block.loads if load.name not in known]
        return _to_import(loads, module | _BUILTINS, importable)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SchemaError(
            place, f"the rendered module does not compile: {error}", _ADVICE
        ) from None
    except _Refused as refused:
        where = f"{place}:{refused.line}"
        raise SchemaError(where, f"the rendered module contains {refused}", _ADVICE) from None


class _Refused(Exception):
    def __init__(self, what: str, node: ast.AST) -> None:
        super().__init__(what)
        self.line = getattr(node, "lineno", 0)


class _Load(NamedTuple):
    """The use of a name that its own scope does not define."""

    name: str
    hint: bool
    node: ast.AST


class _Block(NamedTuple):
    """What a block of statements defines, and what it uses beside that."""

    defined: frozenset[str]
    loads: tuple[_Load, ...]


@lru_cache(maxsize=2_000)
def _block(text: str) -> _Block:
    """Look at a block once, however many modules hold it.

    What parses by itself is the same statements between other ones, further in: no line of it ends in the middle of one,
    and no other character than the line feed ends a line.
    """
    if not text.replace("\n", "").isprintable():
        raise ValueError("a block of statements contains unprintable characters")
    defined: set[str] = set()
    loads = _walk(ast.parse(text), defined)
    return _Block(frozenset(defined), tuple(loads))


def _names_in_check(tree: ast.Module) -> set[str]:
    """The names that the function ``check`` defines by itself, which ``_walk`` has noted."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "check":
            names: set[str] = getattr(node, _DEFINED)
            return names
    raise _Refused("statements for a function check that it lacks", tree)


def _to_import(loads: list[_Load], known: Container[str], importable: Container[str]) -> Names:
    names = Names()
    for name, hint, node in loads:
        if name in known:
            continue
        if name not in importable:
            raise _Refused(f"the undefined name {name}", node)
        (names.in_hints if hint else names.at_run_time).add(name)
    return names


def _walk(tree: ast.Module, module: set[str]) -> list[_Load]:
    """Hold every node against the lists. The names of the module go to ``module``, and what it uses is returned."""
    loads: list[tuple[ast.Name, _Place]] = []
    waiting: list[tuple[ast.AST, _Place]] = [(tree, _Place(module))]
    while waiting:
        node, place = waiting.pop()
        kind = node.__class__
        rule = _RULES.get(kind)
        if rule is None:
            raise _Refused(f"a {kind.__name__}", node)
        check, scopes, parts = rule
        problem = check(node) if check else None
        if problem:
            raise _Refused(problem, node)
        if kind is ast.Name:
            if node.ctx.__class__ is ast.Load:  # type: ignore[attr-defined]  # it is a Name
                loads.append((node, place))  # type: ignore[arg-type]  # likewise
            else:
                place.scope.add(node.id)  # type: ignore[attr-defined]  # likewise
        elif scopes:
            waiting += scopes(node, place)
        else:
            for name in parts:
                part = getattr(node, name)
                if part.__class__ is list:
                    waiting += [(one, place) for one in part]
                elif part is not None:
                    waiting.append((part, place))
    return [_Load(node.id, place.hint, node) for node, place in loads if node.id not in place.scope]


_Parts = Iterator[tuple[ast.AST, _Place]]


def _in_class(node: Any, place: _Place) -> _Parts:
    place.scope.add(node.name)
    yield from ((base, place) for base in node.bases)
    inner = _Place(set())
    yield from ((statement, inner) for statement in node.body)


def _in_function(node: Any, place: _Place) -> _Parts:
    place.scope.add(node.name)
    inner = _Place(set())
    setattr(node, _DEFINED, inner.scope)
    yield node.args, inner
    if node.returns is not None:
        yield node.returns, place._replace(hint=True)
    yield from ((statement, inner) for statement in node.body)


def _in_alias(node: Any, place: _Place) -> _Parts:
    place.scope.add(node.name)
    return iter(())


def _in_argument(node: Any, place: _Place) -> _Parts:
    place.scope.add(node.arg)
    if node.annotation is not None:
        yield node.annotation, place._replace(hint=True)


def _in_declaration(node: Any, place: _Place) -> _Parts:
    yield node.target, place
    yield node.annotation, place._replace(hint=True)
    if node.value is not None:
        yield node.value, place


def _in_loop(node: Any, place: _Place) -> _Parts:
    inner = place._replace(loops=place.loops + 1)
    if inner.loops > _LOOPS:
        raise SyntaxError("too many statically nested blocks")
    yield from ((part, inner) for part in (node.target, node.iter, *node.body, *node.orelse))


def _in_call(node: Any, place: _Place) -> _Parts:
    yield from ((part, place) for part in (node.func, *node.args, *node.keywords))
    if getattr(node.func, "id", "") == "TypedDict":
        hints = place._replace(hint=True)
        yield from ((hint, hints) for hint in _quoted_hints(node))


def _quoted_hints(call: ast.Call) -> Iterator[ast.expr]:
    """The hints in ``TypedDict("Name", {"member": "hint"})``."""
    for argument in call.args:
        if isinstance(argument, ast.Dict):
            for hint in argument.values:
                if isinstance(hint, ast.Constant) and isinstance(hint.value, str):
                    yield ast.parse(hint.value, mode="eval").body


#: The parts of nodes that name something, or whose parts do not all stand where the node stands.
_SCOPES: dict[type[ast.AST], Callable[[Any, _Place], _Parts]] = {
    ast.ClassDef: _in_class,
    ast.FunctionDef: _in_function,
    ast.alias: _in_alias,
    ast.arg: _in_argument,
    ast.AnnAssign: _in_declaration,
    ast.For: _in_loop,
    ast.Call: _in_call,
}


def _definition(node: ast.AST) -> str | None:
    assert isinstance(node, (ast.ClassDef, ast.FunctionDef))  # noqa: S101  # the table says so
    if node.decorator_list:
        return "a decorator"
    if getattr(node, "type_params", None):
        return "type parameters"
    if isinstance(node, ast.ClassDef) and node.keywords:
        return "a class with keywords"
    return _private(node.name)


def _constant(node: ast.AST) -> str | None:
    value = getattr(node, "value", None)
    return None if isinstance(value, _CONSTANTS) else f"the constant {value!r}"


def _alias(node: ast.AST) -> str | None:
    name: str = getattr(node, "name", "")
    if getattr(node, "asname", None) or not name.isidentifier():
        return f"an import of {name} as something else"
    return _private(name)


def _call(node: ast.AST) -> str | None:
    target = getattr(node, "func", None)
    if isinstance(target, ast.Name):
        return None if target.id in _CALLS else f"a call of {target.id}"
    name = getattr(target, "attr", None)
    return None if name in _METHODS else f"a call of {name}"


def _import(node: ast.AST) -> str | None:
    assert isinstance(node, ast.ImportFrom)  # noqa: S101  # the table says so
    beside = node.level == 1 and node.module is not None and "." not in node.module
    known = _IMPORTS.get(node.module or "", set())
    if beside or (node.level == 0 and {alias.name for alias in node.names} <= known):
        return None
    return f"an import from {'.' * node.level}{node.module}"


def _private(name: str | None) -> str | None:
    if name is not None and name.startswith("_") and name not in _PRIVATE:
        return f"the private name {name}"
    return None


def _named(attribute: str) -> Callable[[ast.AST], str | None]:
    return lambda node: _private(getattr(node, attribute))


_CHECKS: dict[type[ast.AST], Callable[[ast.AST], str | None]] = {
    ast.ClassDef: _definition,
    ast.FunctionDef: _definition,
    ast.Constant: _constant,
    ast.alias: _alias,
    ast.Call: _call,
    ast.ImportFrom: _import,
    ast.Name: _named("id"),
    ast.Attribute: _named("attr"),
    ast.arg: _named("arg"),
    ast.keyword: _named("arg"),
}
#: By kind of node: what is asked of it, who finds its parts, and the fields that hold them.
_RULES = {kind: (_CHECKS.get(kind), _SCOPES.get(kind), parts) for kind, parts in _PARTS.items()}
