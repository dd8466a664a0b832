"""Finding uses of models in Python code: model, location, inputs and values, from syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runcomfy_codegen.errors import Misuse
from runcomfy_codegen.spec.names import module_name, owner_package

from .versions import SchemaSet

__all__ = ["UNKNOWN", "ModelUse", "find_uses"]


class _Unknown:
    """A value that is not a literal."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class ModelUse:
    """One use of a model: of its class, or of its id."""

    file: str
    line: int
    model_id: str
    by_class: bool
    #: Name -> line and value; ``None`` if the class or the id is only named.
    inputs: dict[str, tuple[int, Any]] | None
    #: Whether there may be more inputs than are recorded (``**rest``).
    open_ended: bool = False


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
    known = _Known(classes, modules, {*map(str, schemas.models)})
    uses: list[ModelUse] = []
    unread: list[str] = []
    for file in _python_files(roots):
        try:
            tree = ast.parse(file.read_bytes(), filename=str(file))
        except (SyntaxError, ValueError, OSError, RecursionError, MemoryError) as error:
            unread.append(f"{file}: {error}")
            continue
        uses += _Reader(str(file), known).read(tree)
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
class _Known:
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


class _Reader(ast.NodeVisitor):
    """Reads one file."""

    def __init__(self, file: str, known: _Known) -> None:
        self._file = file
        self._known = known
        #: Local name -> dotted name, of what was imported.
        self._imported: dict[str, str] = {}
        #: Name -> what is recorded for it, once, at the top of the file.
        self._constants: dict[str, Any] = {}
        #: Variable -> model id, of requests that were made in this file.
        self._requests: dict[str, str] = {}
        self._uses: list[ModelUse] = []

    def read(self, tree: ast.Module) -> list[ModelUse]:
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._import(node)
        self._read_constants(tree)
        self.visit(tree)
        return self._uses

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
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

    def _read_constants(self, tree: ast.Module) -> None:
        seen: set[str] = set()
        for node in tree.body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            for target in targets:
                if isinstance(target, ast.Name):
                    again = target.id in seen
                    seen.add(target.id)
                    value = getattr(node, "value", None)
                    self._constants[target.id] = (
                        UNKNOWN if again or value is None else self._value(value)
                    )

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
                self._take(node, self._requests[made], more=True)
        elif isinstance(function, ast.Attribute) and function.attr == "from_payload":
            if (model_id := self._model(function.value)) and node.args:
                self._payload(node.args[0], model_id)
        else:
            self._by_id(node)
        self.generic_visit(node)

    def _take(self, node: ast.Call, model_id: str, *, more: bool = False) -> None:
        """A call whose keywords are inputs."""
        inputs = {
            one.arg: (one.value.lineno, self._value(one.value)) for one in node.keywords if one.arg
        }
        more = more or len(inputs) < len(node.keywords)
        self._uses.append(ModelUse(self._file, node.lineno, model_id, True, inputs, more))

    def _by_id(self, node: ast.Call) -> None:
        """``run("owner/model", {…})`` and everything like it."""
        values = [*node.args, *(one.value for one in node.keywords)]
        for at, value in enumerate(values):
            model_id = self._value(value) if isinstance(value, (ast.Constant, ast.Name)) else None
            if isinstance(model_id, str) and model_id in self._known.ids:
                payload = next(iter(values[at + 1 : at + 2]), None)
                if payload is not None:
                    self._payload(payload, model_id)
                else:
                    self._uses.append(ModelUse(self._file, node.lineno, model_id, False, None))

    def _payload(self, node: ast.expr, model_id: str) -> None:
        """A payload, as far as it is recorded."""
        if not isinstance(node, ast.Dict):
            value = self._value(node)
            if isinstance(value, dict):
                inputs = {str(name): (node.lineno, one) for name, one in value.items()}
                self._uses.append(ModelUse(self._file, node.lineno, model_id, False, inputs))
            else:
                self._uses.append(ModelUse(self._file, node.lineno, model_id, False, {}, True))
            return
        named = [
            (key.value, value)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]
        inputs = {name: (value.lineno, self._value(value)) for name, value in named}
        more = len(named) < len(node.keys)
        self._uses.append(ModelUse(self._file, node.lineno, model_id, False, inputs, more))

    def _value(self, node: ast.expr) -> Any:
        """What is recorded there, or ``UNKNOWN``."""
        if isinstance(node, ast.Name):
            return self._constants.get(node.id, UNKNOWN)
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return UNKNOWN

    def _model(self, node: ast.expr) -> str | None:
        dotted = _dotted(node)
        if dotted is None:
            return None
        first, point, rest = dotted.partition(".")
        imported = self._imported.get(first)
        return self._known.model_of(f"_.{imported}{point}{rest}") if imported else None


def _dotted(node: ast.expr) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None
