"""Evaluating annotations whose names only type checkers import: for ``typing.get_type_hints`` and the like."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["evaluated"]


def evaluated(annotations: Iterable[tuple[str, Any]], module: str) -> dict[str, Any]:
    """The annotations with the objects that they name; a text that cannot be evaluated stays one."""
    names = _names_in(module)
    found: dict[str, Any] = {}
    for name, annotation in annotations:
        found[name] = annotation
        if isinstance(annotation, str):
            with suppress(NameError, TypeError, AttributeError, SyntaxError):
                found[name] = eval(annotation, names)  # noqa: S307  # written in our own or in generated modules
    return found


#: A module and its names, those that it imports for type checkers among them, by the module's name.
_known: dict[str, tuple[ModuleType, dict[str, Any]]] = {}


def _names_in(name: str) -> dict[str, Any]:
    module = sys.modules[name]
    known = _known.get(name)
    if known is None or known[0] is not module:
        names = dict(vars(module))
        _known[name] = module, names  # at once: modules may import from one another
        for statement in _for_type_checkers(module):
            if isinstance(statement, ast.ImportFrom):
                _import(statement, names)
            else:
                with suppress(ImportError):  # of a library that is an extra
                    exec(compile(ast.Module([statement], []), name, "exec"), names)  # noqa: S102  # likewise
    return _known[name][1]


def _for_type_checkers(module: ModuleType) -> Iterator[ast.stmt]:
    """The statements that stand under ``if TYPE_CHECKING``."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, SyntaxError):  # there is no source
        return
    for block in tree.body:
        test = block.test if isinstance(block, ast.If) else None
        if isinstance(block, ast.If) and isinstance(test, ast.Name) and test.id == "TYPE_CHECKING":
            yield from block.body


def _import(statement: ast.ImportFrom, names: dict[str, Any]) -> None:
    """Import names, which their module itself may have for type checkers only."""
    place = "." * statement.level + (statement.module or "")
    package = names.get("__package__") or names["__name__"].rpartition(".")[0]
    try:
        module = import_module(place, package)
    except ImportError:  # of a library that is an extra
        return
    for alias in statement.names:
        if hasattr(module, alias.name):
            found = getattr(module, alias.name)
        else:
            found = _names_in(module.__name__).get(alias.name)
        if found is not None:
            names[alias.asname or alias.name] = found
