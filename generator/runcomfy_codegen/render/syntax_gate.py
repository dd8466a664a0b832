"""The last gate before a module is written: its syntax tree holds nothing but what our templates make.

Whatever a schema smuggled into the text, it would need a kind of node, a call, an import or a private name
that is not on these lists.
"""

from __future__ import annotations

import ast

from runcomfy_codegen.errors import SchemaError

__all__ = ["verify"]

_NODES = frozenset(
    """
    Module Expr Constant ImportFrom alias Import Name Load Store Assign AnnAssign If For Return Raise
    FunctionDef arguments arg keyword Call Attribute Subscript Tuple List Dict Set Compare BoolOp UnaryOp
    Break AugAssign Add And Or Not Is IsNot In NotIn Lt Gt LtE GtE Eq USub JoinedStr FormattedValue ClassDef BinOp BitOr
    """.split()
)

_CALLS = frozenset(
    """
    AttributeError Choices MediaInput MediaRule TypedDict Violation check_by_library check_others
    enumerate find_non_json get is_finite is_member is_multiple len matches
    require_format staticmethod tuple wrong_items append refuse is_integer
    """.split()
)
#: How an owner's subpackage imports its modules when they are used; no model's module needs it.
_LAZY_CALLS = frozenset({"__import__", "getattr", "globals"})
_IMPORTS = {
    "__future__": {"annotations"},
    "collections.abc": {"Mapping", "Sequence"},
    "typing": {"Any", "Literal", "NotRequired", "TypedDict"},
    "runcomfy.model": None,
}
_CONSTANTS = (str, int, float, type(None))
_PRIVATE = frozenset(
    """
    __all__ __class__ __slots__ __name__ __getattr__ __dir__ __import__ _HOMES _MODELS _OWNERS _fields _check _required _aliases _admitted
    _media _example
    """.split()
)


def verify(source: str, place: str, *, lazy: bool = False) -> ast.Module:
    """The tree of a rendered module. Raises ``SchemaError`` where it holds what it should not.

    ``lazy`` lets the module import others when they are used.
    """
    try:
        tree = ast.parse(source)
        compile(
            tree, place, "exec", dont_inherit=True
        )  # finds what a parser lets pass: loops nested too deeply
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SchemaError(
            place, f"the rendered module does not compile: {error}", _ADVICE
        ) from None
    for node in ast.walk(tree):
        problem = _problem(node, _CALLS | _LAZY_CALLS if lazy else _CALLS)
        if problem:
            line = getattr(node, "lineno", 0)
            raise SchemaError(f"{place}:{line}", f"the rendered module holds {problem}", _ADVICE)
    return tree


_ADVICE = "This is a fault of the generator, not of your schema; please report it with the schema."


def _problem(node: ast.AST, calls: frozenset[str]) -> str | None:
    kind = type(node).__name__
    if kind not in _NODES:
        return f"a {kind}"
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.decorator_list:
        return "a decorator"
    if isinstance(node, ast.ClassDef) and node.keywords:
        return "a class with keywords"
    if isinstance(node, ast.Constant) and not isinstance(node.value, _CONSTANTS):
        return f"the constant {node.value!r}"
    if isinstance(node, ast.alias) and (node.asname or not node.name.isidentifier()):
        return f"an import of {node.name} as something else"
    if isinstance(node, ast.Call):
        target = node.func
        name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", None)
        if name not in calls:
            return f"a call of {name}"
    if isinstance(node, ast.ImportFrom) and not _import_is_known(node):
        return f"an import from {'.' * node.level}{node.module}"
    if isinstance(node, ast.Import):
        return "a plain import"
    name = _name(node)
    if name is not None and name.startswith("_") and name not in _PRIVATE:
        return f"the private name {name}"
    return None


def _import_is_known(node: ast.ImportFrom) -> bool:
    if node.level == 1:  # from the model modules beside an owner's __init__
        return node.module is not None and "." not in node.module
    allowed = _IMPORTS.get(node.module or "", set())
    return node.level == 0 and (allowed is None or {a.name for a in node.names} <= allowed)


def _name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return node.name
    if isinstance(node, (ast.arg, ast.keyword)):
        return node.arg
    if isinstance(node, ast.alias):
        return node.name
    return None
