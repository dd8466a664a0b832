"""Finding uses of models in Python code: model, location, inputs and values, from syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runcomfy_codegen.errors import Misuse
from runcomfy_codegen.spec.names import module_name, owner_package

from .bindings import bindings
from .versions import SchemaSet

__all__ = ["UNKNOWN", "ModelUse", "find_uses"]


class _Unknown:
    """A value that is not a literal."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


#: Name -> line and value.
_Inputs = dict[str, tuple[int, Any]]


@dataclass(frozen=True, slots=True)
class ModelUse:
    """One use of a model: of its class, or of its id."""

    file: str
    line: int
    model_id: str
    by_class: bool
    #: ``None`` if the class or the id is only named.
    inputs: _Inputs | None
    #: Whether there may be more inputs than are recorded (``**rest``).
    open_ended: bool = False
    #: Whether it is a changed copy of a request, which has the other inputs already.
    is_copy: bool = False


def find_uses(roots: Iterable[Path], schemas: SchemaSet) -> tuple[list[ModelUse], list[str]]:
    """The uses in all Python files of the paths, and the files that cannot be parsed.

    Raises ``Misuse`` for what is not there.
    """
    classes: dict[tuple[str, str], str] = {
        (owner_package(model_id), version.class_name): str(model_id)
        for model_id, version in schemas.models.items()
    }
    modules: dict[tuple[str, str], str] = {
        (
            owner_package(model_id),
            module_name(model_id, version.documents.class_name),
        ): owner_package(model_id)
        for model_id, version in schemas.models.items()
    }
    known = _ModelNames(classes, modules, {*map(str, schemas.models)})
    uses: list[ModelUse] = []
    unread: list[str] = []
    for file in _python_files(roots):
        try:
            tree = ast.parse(file.read_bytes(), filename=str(file))
        except (SyntaxError, ValueError, OSError, RecursionError, MemoryError) as error:
            unread.append(f"{file}: {error}")
            continue
        uses += _UsesReader(str(file), known).read(tree)
    return uses, unread


def _python_files(roots: Iterable[Path]) -> Iterator[Path]:
    for root in roots:
        if root.is_file():
            yield root
        elif root.is_dir():
            hidden = {".venv", "__pycache__", "node_modules"}
            yield from sorted(
                file
                for file in root.rglob("*.py")
                if not any(
                    part.startswith(".") or part in hidden for part in file.relative_to(root).parts
                )
            )
        else:
            raise Misuse(
                f"--uses {root}",
                "is not a file or folder",
                "Pass the path of your code, such as src/",
            )


@dataclass(frozen=True, slots=True)
class _ModelNames:
    """The names that lead to models."""

    #: (subpackage of the owner, class) -> model id.
    classes: dict[tuple[str, str], str]
    #: (subpackage, module in it) -> subpackage.
    modules: dict[tuple[str, str], str]
    ids: set[str]

    def model_of(self, dotted: str) -> str | None:
        """The model whose class a dotted name is: ``package.owner.Class`` or ``package.owner.module.Class``."""
        parts = dotted.split(".")
        if len(parts) >= 3 and (found := self.classes.get((parts[-2], parts[-1]))):
            return found
        if len(parts) >= 4 and (parts[-3], parts[-2]) in self.modules:
            return self.classes.get((parts[-3], parts[-1]))
        return None


class _UsesReader(ast.NodeVisitor):
    """Reads one file."""

    def __init__(self, file: str, known: _ModelNames) -> None:
        self._file = file
        self._known = known
        #: Local name -> dotted name, of what was imported.
        self._imported: dict[str, str] = {}
        #: What names are bound to, in the file and in the functions around, the innermost last.
        self._scopes: list[dict[str, ast.expr | None]] = []
        #: Variable -> model id, of requests that were made in this file.
        self._requests: dict[str, str] = {}
        self._uses: list[ModelUse] = []

    def read(self, tree: ast.Module) -> list[ModelUse]:
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._import(node)
        self._scopes.append(bindings(tree))
        self.visit(tree)
        return self._uses

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom) and alias.name == "*":
                for _, name in self._known.classes:
                    if self._known.model_of(f"_.{node.module or ''}.{name}"):
                        self._imported.setdefault(name, f"{node.module}.{name}")
            elif isinstance(node, ast.ImportFrom):
                # Where a relative import leads is not known; what stands before is not needed.
                dotted = f"{'.' * bool(node.level) + (node.module or '') or '_'}.{alias.name}"
                self._imported[alias.asname or alias.name] = dotted
            elif alias.asname:
                self._imported[alias.asname] = alias.name
            else:
                first = alias.name.partition(".")[0]
                self._imported[first] = first
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                model_id = self._known.model_of(f"_.{node.module or ''}.{alias.name}")
                if model_id:
                    self._uses.append(ModelUse(self._file, node.lineno, model_id, True, None))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A function has a scope of its own."""
        self._inside(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """The same."""
        self._inside(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """The same."""
        self._inside(node)

    def _inside(self, node: ast.AST) -> None:
        self._scopes.append(bindings(node))
        self.generic_visit(node)
        self._scopes.pop()

    def visit_Assign(self, node: ast.Assign) -> None:
        """Remember variables that hold requests."""
        if isinstance(node.value, ast.Call) and (model_id := self._model(node.value.func)):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self._requests[target.id] = model_id
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Constructors, changed copies, and calls with a model id and a payload."""
        function = node.func
        if model_id := self._model(function):
            self._take(node, model_id)
        elif isinstance(function, ast.Attribute) and function.attr == "replace":
            made = function.value.id if isinstance(function.value, ast.Name) else ""
            if made in self._requests:
                inputs, others = self._keywords(node)
                model_id = self._requests[made]
                self._uses.append(
                    ModelUse(self._file, node.lineno, model_id, True, inputs, others, is_copy=True)
                )
        elif isinstance(function, ast.Attribute) and function.attr == "from_payload":
            if (model_id := self._model(function.value)) and node.args:
                self._payload(node.args[0], model_id)
        elif (_dotted(function) or "").rpartition(".")[2] == "partial" and node.args:
            if model_id := self._model(node.args[0]):
                self._take(node, model_id, more=True)
        else:
            self._by_id(node)
        self.generic_visit(node)

    def _take(self, node: ast.Call, model_id: str, *, more: bool = False) -> None:
        """A call whose keywords are inputs."""
        inputs, others = self._keywords(node)
        self._uses.append(ModelUse(self._file, node.lineno, model_id, True, inputs, more or others))

    def _by_id(self, node: ast.Call) -> None:
        """``run("owner/model", {…})`` and everything like it, also with a class instead of the id."""
        values = [*node.args, *(one.value for one in node.keywords)]
        for at, value in enumerate(values):
            model_id = self._model(value) or self._value(value)
            if isinstance(model_id, str) and model_id in self._known.ids:
                payload = next(iter(values[at + 1 : at + 2]), None)
                if payload is not None:
                    self._payload(payload, model_id)
                else:
                    self._uses.append(ModelUse(self._file, node.lineno, model_id, False, None))

    def _payload(self, node: ast.expr, model_id: str) -> None:
        """A payload, as far as it is recorded."""
        inputs, more = self._members(node)
        self._uses.append(ModelUse(self._file, node.lineno, model_id, False, inputs, more))

    def _keywords(self, node: ast.Call, *, follow: bool = True) -> tuple[_Inputs, bool]:
        """The keywords of a call, and whether there may be others. ``follow`` looks up what names are bound to."""
        members: _Inputs = {}
        more = bool(node.args)
        for one in node.keywords:
            if one.arg:
                members[one.arg] = (one.value.lineno, self._value(one.value))
            else:
                inner, others = self._members(one.value, follow=follow)
                members |= inner
                more = more or others
        return members, more

    def _members(self, node: ast.expr, *, follow: bool = True) -> tuple[_Inputs, bool]:
        """The members of a mapping as far as they are recorded, and whether there may be others."""
        if isinstance(node, ast.Name):  # what it is bound to may have been changed since
            bound = self._bound(node.id) if follow else None
            return (self._members(bound, follow=False)[0] if bound else {}), True
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "dict":
            return self._keywords(node, follow=follow)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            left = self._members(node.left, follow=follow)
            right = self._members(node.right, follow=follow)
            return left[0] | right[0], left[1] or right[1]
        if not isinstance(node, ast.Dict):
            return {}, True
        members: _Inputs = {}
        more = False
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                inner, others = self._members(value, follow=follow)
                members |= inner
                more = more or others
            elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                members[key.value] = (value.lineno, self._value(value))
            else:
                more = True
        return members, more

    def _bound(self, name: str) -> ast.expr | None:
        """What a name is bound to, where that is once and by an assignment."""
        return next((one[name] for one in reversed(self._scopes) if name in one), None)

    def _value(self, node: ast.expr) -> Any:
        """What is recorded there, or ``UNKNOWN``."""
        if isinstance(node, ast.Name):
            bound = self._bound(node.id)
            return UNKNOWN if bound is None or isinstance(bound, ast.Name) else self._value(bound)
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return UNKNOWN

    def _model(self, node: ast.expr | None) -> str | None:
        dotted = _dotted(node)
        if dotted is None:
            return None
        first, point, rest = dotted.partition(".")
        if imported := self._imported.get(first):
            return self._known.model_of(f"_.{imported}{point}{rest}")
        return None if rest else self._model_bound_to(first)

    def _model_bound_to(self, name: str) -> str | None:
        """The model whose class was assigned to a name."""
        dotted = _dotted(self._bound(name))
        first, point, rest = (dotted or "").partition(".")
        imported = self._imported.get(first)
        return self._known.model_of(f"_.{imported}{point}{rest}") if imported else None


def _dotted(node: ast.expr | None) -> str | None:
    parts: list[str] = []
    if isinstance(node, ast.NamedExpr):
        node = node.value
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None
