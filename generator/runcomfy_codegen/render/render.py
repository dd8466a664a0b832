"""Spec -> text: the Jinja templates, and the gate that every rendered module passes."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from runcomfy_codegen.spec.model_spec import ModelSpec, OwnerSpec, PackageSpec

from . import syntax_gate as syntax
from .template_files import templates_folder

__all__ = ["render_model", "render_owner", "render_package"]

_TYPING_AT_RUN_TIME = ("NotRequired", "TypedDict")
_ABC = ("Mapping", "Sequence")
_TYPING = ("Any", "Literal")
#: Names of the runtime that stand in hints only.
_HINTS = ("MediaSource", "Unset")
_WORD = re.compile(r"\w+")
_RUNTIME = (
    "UNSET", "Choices", "MediaInput", "MediaRule", "Output", "Request", "Violation", "check_by_library", "check_others",
    "find_non_json", "is_finite", "is_member", "is_multiple", "matches", "wrong_items",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Used:
    """The imported names that a module's body uses, by where they come from."""

    typing_at_run_time: tuple[str, ...]
    abc: tuple[str, ...]
    typing: tuple[str, ...]
    runtime: tuple[str, ...]
    hints: tuple[str, ...]


def render_model(model: ModelSpec, place: str) -> str:
    """The text of a model's module, not yet formatted."""
    body = _template("model/_body.py.jinja").render(model=model)
    used = _used(syntax.verify(body, place), model)
    return _verified("model/module.py.jinja", place, model=model, body=body, used=used)


def render_package(package: PackageSpec, place: str) -> str:
    """The text of the package's ``__init__``."""
    return _verified("package/__init__.py.jinja", place, package=package)


def render_owner(owner: OwnerSpec, place: str) -> str:
    """The text of an owner's ``__init__``."""
    text = _template("package/owner.py.jinja").render(owner=owner)
    syntax.verify(text, place, lazy=True)
    return text


def _verified(template: str, place: str, **context: object) -> str:
    text = _template(template).render(**context)
    syntax.verify(text, place)
    return text


def _used(tree: ast.Module, model: ModelSpec) -> Used:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for nested in model.nested_types:
        if nested.functional:  # its hints are quoted, so the tree does not show their names
            names.update(*(_WORD.findall(member.hint) for member in nested.members))
    return Used(
        tuple(name for name in _TYPING_AT_RUN_TIME if name in names),
        tuple(name for name in _ABC if name in names),
        tuple(name for name in _TYPING if name in names),
        tuple(name for name in _RUNTIME if name in names),
        tuple(name for name in _HINTS if name in names),
    )


def _template(name: str) -> Template:
    return _environment().get_template(name)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(  # noqa: S701 — the output is Python, whose escaping is literals.py
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["compact"] = _compact
    return environment


def _compact(text: str) -> str:
    """``text`` without its blank lines, so that macros need not mind their own white space."""
    return "\n".join(line for line in text.split("\n") if line.strip())
