"""The last gate before a module is written: its syntax tree holds nothing but what our templates make.

Whatever a schema smuggled into the text, it would need a kind of node, a call, an import or a private name that is
not on these lists. A name that nobody defines is refused as well: it would be a ``NameError`` for every payload.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field

from runcomfy import model
from runcomfy_codegen.errors import SchemaError

__all__ = ["Names", "verify"]

_NODES = frozenset(
    """
    Module Expr Constant ImportFrom alias Name Load Store Assign AnnAssign If For Return
    FunctionDef arguments arg keyword Call Attribute Subscript Tuple List Dict Set Compare BoolOp UnaryOp
    Break AugAssign Add And Or Not Is IsNot In NotIn Lt Gt LtE GtE Eq USub JoinedStr FormattedValue ClassDef BinOp BitOr
    """.split()
)

_BUILTINS = frozenset(
    "bool dict enumerate float int len list object staticmethod str tuple __name__".split()
)
_CALLS = frozenset(model.__all__) | {"enumerate", "len", "staticmethod", "tuple"}
_METHODS = frozenset({"append", "get", "is_integer", "refuse"})
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
    _admitted _media _example _deprecated
    """.split()
)
#: Python refuses more loops inside each other than this.
_LOOPS = 20

_ADVICE = "This is a fault of the generator, not of your schema; please report it with the schema."


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a module uses and does not define, by where it uses them."""

    at_run_time: set[str] = field(default_factory=set)
    in_hints: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Place:
    """Where a node stands: the names of its scope, whether it is part of a hint, and the loops around it."""

    scope: set[str]
    hint: bool = False
    loops: int = 0


def verify(source: str, place: str, importable: Container[str] = ()) -> Names:
    """The names that a rendered module has to import, all of them among ``importable``.

    Raises ``SchemaError`` where it holds what it should not, or uses a name that is neither defined nor importable.
    """
    try:
        tree = ast.parse(source)
        return _walk(tree, importable)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SchemaError(
            place, f"the rendered module does not compile: {error}", _ADVICE
        ) from None
    except _Refused as refused:
        where = f"{place}:{refused.line}"
        raise SchemaError(where, f"the rendered module holds {refused}", _ADVICE) from None


class _Refused(Exception):
    def __init__(self, what: str, node: ast.AST) -> None:
        super().__init__(what)
        self.line = getattr(node, "lineno", 0)


def _walk(tree: ast.Module, importable: Container[str]) -> Names:
    module: set[str] = set()
    loads: list[tuple[ast.Name, _Place]] = []
    waiting: list[tuple[ast.AST, _Place]] = [(tree, _Place(module))]
    while waiting:
        node, place = waiting.pop()
        problem = _problem(node)
        if problem:
            raise _Refused(problem, node)
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                place.scope.add(node.id)
            else:
                loads.append((node, place))
        else:
            waiting += _inside(node, place)
    names = Names()
    for load, place in loads:
        if load.id in place.scope or load.id in module or load.id in _BUILTINS:
            continue
        if load.id not in importable:
            raise _Refused(f"the undefined name {load.id}", load)
        (names.in_hints if place.hint else names.at_run_time).add(load.id)
    return names


def _inside(node: ast.AST, place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
    """The parts of a node that is no name, each with its place."""
    if isinstance(node, ast.Constant):
        return
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        place.scope.add(node.name)
        yield from _inside_definition(node, place)
        return
    if isinstance(node, ast.alias):
        place.scope.add(node.name)
    elif isinstance(node, ast.arg):
        place.scope.add(node.arg)
    elif isinstance(node, ast.For):
        place = _Place(place.scope, loops=place.loops + 1)
        if place.loops > _LOOPS:
            raise SyntaxError("too many statically nested blocks")
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "TypedDict":
        hints = _Place(place.scope, hint=True)
        yield from ((hint, hints) for hint in _quoted_hints(node))
    for name in node._fields:
        value = getattr(node, name)
        where = _Place(place.scope, hint=True) if name == "annotation" else place
        if isinstance(value, list):
            for item in value:
                yield item, where
        elif isinstance(value, ast.AST):
            yield value, where


def _inside_definition(
    node: ast.FunctionDef | ast.ClassDef, place: _Place
) -> Iterator[tuple[ast.AST, _Place]]:
    inner = _Place(set())
    if isinstance(node, ast.ClassDef):
        yield from ((base, place) for base in node.bases)
    else:
        yield node.args, inner
        if node.returns is not None:
            yield node.returns, _Place(place.scope, hint=True)
    yield from ((statement, inner) for statement in node.body)


def _quoted_hints(call: ast.Call) -> Iterator[ast.expr]:
    """The hints in ``TypedDict("Name", {"member": "hint"})``."""
    for argument in call.args:
        if isinstance(argument, ast.Dict):
            for hint in argument.values:
                if isinstance(hint, ast.Constant) and isinstance(hint.value, str):
                    yield ast.parse(hint.value, mode="eval").body


def _problem(node: ast.AST) -> str | None:
    kind = type(node).__name__
    if kind not in _NODES:
        return f"a {kind}"
    check = _CHECKS.get(kind)
    return check(node) if check else None


def _definition(node: ast.AST) -> str | None:
    assert isinstance(node, (ast.ClassDef, ast.FunctionDef))  # noqa: S101  # the table says so
    if node.decorator_list:
        return "a decorator"
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


_CHECKS: dict[str, Callable[[ast.AST], str | None]] = {
    "ClassDef": _definition,
    "FunctionDef": _definition,
    "Constant": _constant,
    "alias": _alias,
    "Call": _call,
    "ImportFrom": _import,
    "Name": _named("id"),
    "Attribute": _named("attr"),
    "arg": _named("arg"),
    "keyword": _named("arg"),
}
