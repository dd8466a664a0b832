"""What names stand for in Python code, as far as it is plain to see."""

from __future__ import annotations

import ast

__all__ = ["bindings"]

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def bindings(scope: ast.AST) -> dict[str, ast.expr | None]:
    """The names that a module or function binds: to what, or ``None`` unless that is once and by an assignment.

    >>> found = bindings(ast.parse("size = 'large'\\nsteps = 1\\nsteps = 2"))
    >>> ast.literal_eval(found["size"]), found["steps"]
    ('large', None)
    """
    found: dict[str, ast.expr | None] = {}
    values: dict[int, ast.expr | None] = {}
    nodes = [*ast.iter_child_nodes(scope)]
    for node in nodes:  # it grows; an assignment comes before its targets
        if isinstance(node, ast.Assign):
            values |= {id(target): node.value for target in node.targets}
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
            values[id(node.target)] = node.value
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None if node.id in found else values.get(id(node))
        elif isinstance(node, ast.arg):
            found[node.arg] = None
        if not isinstance(node, _SCOPES):
            nodes += ast.iter_child_nodes(node)
    return found
