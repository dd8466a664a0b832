"""The last gate: whatever a broken template or literal lets through, the syntax tree shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest

from runcomfy import model
from runcomfy_codegen.errors import SchemaError
from runcomfy_codegen.render import render
from runcomfy_codegen.render import syntax_gate as syntax
from runcomfy_codegen.render.template_files import templates_folder
from runcomfy_codegen.spec import builder as build
from runcomfy_codegen.spec import python_source
from runcomfy_codegen.spec.python_source import PythonSource
from support.small_models import make

FORBIDDEN = [
    "import os",
    "import os.path as path",
    "from os import system",
    "from . import os",
    "from .. import os",
    "from .a.b import c",
    "from runcomfy.model import *",
    "from runcomfy.model import __loader__",
    "from runcomfy.model import UNSET as check",
    "from typing import TYPE_CHECKING",
    "__import__('os')",
    "open('x')",
    "eval('1')",
    "exec('1')",
    "print(1)",
    "getattr(object, 'x')",
    "globals()",
    "x = ().__class__.__mro__",
    "x = check.__globals__",
    "x = __builtins__",
    "x = __loader__",
    "x = (lambda: 1)",
    "x = [y for y in ()]",
    "x = {y for y in ()}",
    "x = 1 if y else 2",
    "x = (y := 1)",
    "x = b'bytes'",
    "x = 1j",
    "x = ...",
    "x[0]()",
    "len(1)(2)",
    "@staticmethod\ndef check(payload): return []",
    "@check\nclass X: x = 1",
    "class X(metaclass=check): x = 1",
    "class __X: x = 1",
    "def _evil(payload): return []",
    "def check(__payload): return []",
    "check(_private=1)",
    "async def check(payload): return []",
    "while True: x = 1",
    "with x: y = 1",
    "try: x = 1\nfinally: y = 1",
    "del x",
    "assert x",
    "global x",
    "x = yield",
    "match x:\n    case 1: y = 1",
    "type X = int",
    "x = *y,",
]


@pytest.mark.parametrize("source", FORBIDDEN)
def test_the_gate_refuses(source: str) -> None:
    with pytest.raises(SchemaError, match="bug in the generator"):
        syntax.verify(source, "acme/small")


@pytest.mark.parametrize("source", ["x = (", "x = '\n'", "x = \x00", "(" * 300 + ")" * 300])
def test_the_gate_refuses_what_does_not_compile(source: str) -> None:
    with pytest.raises(SchemaError, match="does not compile"):
        syntax.verify(source, "acme/small")


def test_the_gate_refuses_loops_that_python_would_not_import() -> None:
    lines = [f"{' ' * depth}for x in y:" for depth in range(25)]
    with pytest.raises(SchemaError, match="too many statically nested blocks"):
        syntax.verify("\n".join([*lines, " " * 25 + "z = 1"]), "acme/small")


UNDEFINED = [
    ("x = y", "y"),
    ("def check(payload):\n    return found", "found"),
    ("def check(payload):\n    found = 1\nx = found", "found"),
    ("class X:\n    y = 1\n    def check(payload):\n        return y", "y"),
    ("class X(Request):\n    y: Sequence[str]", "Request"),
    ("x: Sequence[str] = 1", "Sequence"),
    ("X = TypedDict('X', {'a-b': 'Sequence[str]'})", "Sequence"),
]


@pytest.mark.parametrize(("source", "name"), UNDEFINED)
def test_the_gate_refuses_a_name_that_nobody_defines(source: str, name: str) -> None:
    importable = {"Request", "Sequence", "TypedDict"} - {name}
    with pytest.raises(SchemaError, match=f"the undefined name {name}"):
        syntax.verify(source, "acme/small", importable)


def test_the_gate_distinguishes_hints_from_run_time_names() -> None:
    source = "class X(Request):\n    y: Sequence[str] = UNSET\n    z: Unset = UNSET"
    names = syntax.verify(source, "acme/small", {"Request", "Sequence", "UNSET", "Unset"})
    assert names.at_run_time == {"Request", "UNSET"}
    assert names.in_hints == {"Sequence", "Unset"}


def test_generated_code_may_call_what_the_runtime_offers_and_nothing_else() -> None:
    for name in model.__all__:
        syntax.verify(f"{name}()", "acme/small", set(model.__all__))
    with pytest.raises(SchemaError, match="a call of new_helper"):
        syntax.verify("new_helper()", "acme/small", set(model.__all__))


ATTACK: dict[str, Any] = {
    "type": "object",
    "description": '""" + __import__("os").system("true") + """',
    "properties": {"x": {"type": "string", "enum": ["' + open('canary.txt').read() + '", "y"]}},
}


def test_a_literal_that_does_not_escape_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_source, "_text", lambda value: PythonSource(f"'{value}'"))
    with pytest.raises(SchemaError, match="the rendered module contains a call of"):
        make(tmp_path, {"acme/small": ATTACK})


def test_a_docstring_that_does_not_escape_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "docstring", lambda text, _: PythonSource(f'"""{text}"""'))
    with pytest.raises(SchemaError, match="the rendered module contains a"):
        make(tmp_path, {"acme/small": ATTACK})


def test_a_template_that_writes_raw_text_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add_to_the_template(monkeypatch, "{{ model.schemas }}\nimport os\n")
    with pytest.raises(SchemaError, match="the rendered module contains a"):
        make(tmp_path, {"acme/small": {"type": "object", "properties": {}}})


def test_a_template_that_uses_a_name_nobody_imports_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add_to_the_template(monkeypatch, "x = NEW_CONSTANT\n")
    with pytest.raises(SchemaError, match=r"acme/small:[0-9]+: .* the undefined name NEW_CONSTANT"):
        make(tmp_path, {"acme/small": {"type": "object", "properties": {}}})


def _add_to_the_template(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    folder = templates_folder()
    templates = {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in folder.rglob("*.jinja")
    }
    templates["model/module.py.jinja"] += text
    environment = render._environment().overlay(loader=jinja2.DictLoader(templates))
    monkeypatch.setattr(render, "_environment", lambda: environment)


def test_templates_run_nothing_that_a_schema_holds() -> None:
    environment = render._environment()
    assert environment.undefined is jinja2.StrictUndefined
    for name in environment.list_templates(["jinja"]):
        source, _, _ = (
            environment.loader.get_source(environment, name) if environment.loader else ("", "", "")
        )
        assert "| safe" not in source
        assert "eval" not in source


CHECK = "def check(payload):\n    found = []\n    return found\n"


def test_the_gate_inspects_blocks_of_checks_too() -> None:
    with pytest.raises(SchemaError, match="bug in the generator"):
        syntax.verify(CHECK, "acme/small", checks=["x = payload", "import os"])


@pytest.mark.parametrize(
    "block", ["x = 1\rimport os", "x = (", "    x = 1", "x = 1 \\", "else:\n    x = 1"]
)
def test_a_block_that_is_not_whole_by_itself_is_refused(block: str) -> None:
    with pytest.raises(SchemaError, match="does not compile"):
        syntax.verify(CHECK, "acme/small", checks=[block])


def test_a_block_may_use_what_its_function_and_other_blocks_define() -> None:
    importable = {"UNSET", "Sequence"}
    names = syntax.verify(CHECK, "acme/small", importable, ["unset = UNSET", "x = found, unset"])
    assert names.at_run_time == {"UNSET"}
    with pytest.raises(SchemaError, match="the undefined name unset"):
        syntax.verify(CHECK, "acme/small", importable, ["x = found, unset"])


def test_blocks_need_the_function_that_they_stand_in() -> None:
    with pytest.raises(SchemaError, match="a function check that it lacks"):
        syntax.verify("x = 1", "acme/small", checks=["y = 1"])
