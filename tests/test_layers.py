"""The table "may import" of docs/architecture.md, held against every import of the project."""

from __future__ import annotations

import ast
import re
import shutil
from functools import cache
from pathlib import Path

import pytest

from support.imports import Import, circles, imports_of, modules_in

pytestmark = pytest.mark.xdist_group("layers")  # one process reads the sources once

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "architecture.md"
SOURCES = ("runtime", "generator")

#: `Request` loads these two when pydantic or help() asks, and they need the class: the one circle that there is.
HOOKS = {"runcomfy.model.pydantic_hooks", "runcomfy.model.input_docs"}


def allowed() -> dict[str, set[str]]:
    """Layer -> the layers that it may import, as the tables say. A layer is a folder or module at the top."""
    table: dict[str, set[str]] = {}
    package = ""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"\| in `(\w+)` \|.*\| may import \|$", line):
            package = heading[1]
        elif not line.startswith("|"):
            package = ""
        elif package and not line.startswith("| ---"):
            cells = line.strip("| ").split("|")
            layers, imports = ({*re.findall(r"`([\w.]+)`", cell)} for cell in (cells[0], cells[-1]))
            for layer in layers:
                table[_full(package, layer)] = {_full(package, one) for one in imports}
    return table


def _full(package: str, layer: str) -> str:
    """``model`` in the runtime's table is ``runcomfy.model``; a name with a dot says its package itself."""
    return (
        layer if "." in layer or layer in {"runcomfy", "runcomfy_codegen"} else f"{package}.{layer}"
    )


def layer_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


@cache
def project(root: Path) -> list[Import]:
    return list(imports_of(modules_in(*(root / folder for folder in SOURCES))))


def faults(root: Path) -> list[str]:
    """Each import that the table does not allow, with its file and line."""
    table = allowed()
    return [
        f"{one.file.relative_to(root)}:{one.line}: {layer_of(one.importer)} may not import {one.imported}"
        for one in project(root)
        if layer_of(one.importer) != layer_of(one.imported)
        and layer_of(one.imported) not in table.get(layer_of(one.importer), set())
    ]


def test_every_import_is_in_the_table() -> None:
    assert faults(ROOT) == []


def test_every_layer_has_a_row_and_every_row_a_layer() -> None:
    layers = {layer_of(name) for name in modules_in(*(ROOT / folder for folder in SOURCES))}
    assert set(allowed()) == layers - {"runcomfy", "runcomfy_codegen"}


def test_the_table_points_one_way() -> None:
    """A row names only rows above it."""
    table = allowed()
    seen: set[str] = {"runcomfy", "runcomfy_codegen"}
    for layer, imports in table.items():
        same_row = {other for other, names in table.items() if names == imports}
        assert imports <= seen, (layer, imports - seen)
        seen |= same_row


def test_no_modules_import_each_other() -> None:
    imports = [one for one in project(ROOT) if one.imported not in HOOKS]
    assert circles(imports) == []


def test_a_class_name_has_one_meaning() -> None:
    """A reader who meets a name in a traceback or a hint need not ask which one it is."""
    homes: dict[str, list[str]] = {}
    for name, file in modules_in(*(ROOT / folder for folder in SOURCES)).items():
        for node in ast.parse(file.read_bytes()).body:
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(name)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


def test_only_request_loads_its_hooks() -> None:
    importers = {one.importer for one in project(ROOT) if one.imported in HOOKS}
    assert importers == {"runcomfy.model.request"}


@pytest.mark.parametrize(
    "line",
    [
        "from runcomfy.client.client import Client",
        "def late():\n    from runcomfy.client import client",
        "if not TYPE_CHECKING:\n    from runcomfy.client import client",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import runcomfy.client.client",
        "try:\n    from ..client import client\nexcept ImportError:\n    pass",
    ],
    ids=["at the top", "inside a function", "not for checkers", "else of checkers", "inside try"],
)
def test_a_forbidden_import_is_named_with_file_and_line(tmp_path: Path, line: str) -> None:
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    module = tmp_path / "runtime/runcomfy/protocol/urls.py"
    text = module.read_text(encoding="utf-8")
    module.write_text(f"{text}\n\n{line}\n", encoding="utf-8")
    lines = module.read_text(encoding="utf-8").splitlines()
    number = max(
        place
        for place, one in enumerate(lines, 1)
        if "client import" in one or "runcomfy.client" in one
    )
    [fault] = faults(tmp_path)
    assert fault.startswith(
        f"runtime/runcomfy/protocol/urls.py:{number}: runcomfy.protocol may not"
    )


def test_a_circle_through_a_lazy_import_is_found(tmp_path: Path) -> None:
    package = tmp_path / "one"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a.py").write_text("from .b import f\n")
    (package / "b.py").write_text("def f():\n    from .a import f\n")
    assert circles(list(imports_of(modules_in(tmp_path)))) == [["one.a", "one.b"]]


@pytest.mark.parametrize("package", ["runtime/runcomfy", "generator/runcomfy_codegen"])
def test_at_most_eight_modules_lie_at_the_top(package: str) -> None:
    top = [file.name for file in (ROOT / package).glob("*.py") if not file.name.startswith("_")]
    assert len(top) <= 8, top
