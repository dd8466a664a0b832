"""What each module of a source tree imports, read from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Import", "circles", "imports_of", "modules_in"]


#: The tests of blocks that only type checkers read.
_CHECKING = ("TYPE_CHECKING", "typing.TYPE_CHECKING")


@dataclass(frozen=True)
class Import:
    """One import: the module that does it, the one that it names, and where that stands."""

    importer: str
    imported: str
    file: Path
    line: int


def modules_in(*roots: Path) -> dict[str, Path]:
    """The modules below source roots, by their dotted names."""
    return {
        ".".join(_parts(file.relative_to(root))): file
        for root in roots
        for file in sorted(root.rglob("*.py"))
    }


def _parts(file: Path) -> tuple[str, ...]:
    parts = file.with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports_of(modules: dict[str, Path]) -> Iterator[Import]:
    """Every import of one of the modules by another, inside functions too; those for type checkers only are left out."""
    for name, file in modules.items():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        for node in _run_time(tree):
            for imported in _named(node, package, modules):
                if imported in modules and imported != name:
                    yield Import(name, imported, file, node.lineno)


def _run_time(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield node
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test) in _CHECKING:
        children = node.orelse
    for child in children:
        yield from _run_time(child)


def _named(
    node: ast.Import | ast.ImportFrom, package: str, modules: dict[str, Path]
) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*above, *([node.module] if node.module else [])])
    for alias in node.names:
        inner = f"{base}.{alias.name}"
        yield inner if inner in modules else base


def circles(imports: list[Import]) -> list[list[str]]:
    """The groups of modules that reach each other through imports."""
    reach: dict[str, set[str]] = {}
    for one in imports:
        reach.setdefault(one.importer, set()).add(one.imported)
    found = {frozenset(_circle(name, reach)) for name in reach}
    return sorted(sorted(group) for group in found if group)


def _circle(name: str, reach: dict[str, set[str]]) -> set[str]:
    ahead = _reached(name, reach)
    return {other for other in ahead if name in _reached(other, reach)} if name in ahead else set()


def _reached(name: str, reach: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for other in reach.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen
