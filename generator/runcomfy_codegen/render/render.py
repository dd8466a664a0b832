"""Spec -> text: the Jinja templates, and the gate that every rendered module passes."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from runcomfy import model as runtime
from runcomfy_codegen.spec.model_spec import ModelSpec, OwnerSpec, PackageSpec

from . import syntax_gate as syntax
from .template_files import templates_folder

__all__ = ["render_model", "render_owner", "render_package"]


def _by_kind(name: str) -> tuple[bool, bool, str]:
    """The order of imported names: constants, classes, functions."""
    return name.islower(), not name.isupper(), name


#: The allowed imports of a model's module, by their source. Type hints are imported for type checkers only.
_HINTS = {
    "collections.abc": ("Mapping", "Sequence"),
    "typing": ("Any", "Literal", "NotRequired"),
}
_IMPORTABLE = frozenset({*runtime.__all__, *(name for names in _HINTS.values() for name in names)})
#: Type checkers accept this name only from typing, whose import takes longer than a validation.
_TYPED_DICT = "TypedDict"
#: The rest of what a module may import of the runtime, in order.
_OTHERS = tuple(sorted(set(runtime.__all__) - {_TYPED_DICT}, key=_by_kind))
#: Placeholders in a rendered module for what the gate checks separately, or reports.
_IMPORTS, _CHECKS = "\0imports\0", "\0checks\0\n"


def render_model(model: ModelSpec, place: str) -> str:
    """The text of a model's module, not yet formatted."""
    text = _template("model/module.py.jinja").render(model=model, imports=_IMPORTS, checks=_CHECKS)
    head, _, rest = text.partition(_IMPORTS)
    body, _, end = rest.partition(_CHECKS)
    names = syntax.verify(head + body + end, place, _IMPORTABLE, model.checks)
    return "".join([head, "\n".join(_imports(names)), body, *map(_indented, model.checks), end])


def _indented(block: str) -> str:
    return "".join(f"    {line}\n" for line in block.split("\n")) + "\n"


def render_package(package: PackageSpec, place: str) -> str:
    """The text of the package's ``__init__``."""
    return _verified("package/__init__.py.jinja", place, package=package)


def render_owner(owner: OwnerSpec, place: str) -> str:
    """The text of an owner's ``__init__``."""
    return _verified("package/owner.py.jinja", place, owner=owner)


def _verified(template: str, place: str, **context: object) -> str:
    text = _template(template).render(**context)
    syntax.verify(text, place)
    return text


def _imports(names: syntax.Names) -> list[str]:
    """The import statements of a model's module."""
    now = names.at_run_time - {_TYPED_DICT}
    hints = names.in_hints - now
    sources = {**_HINTS, "runcomfy.model": _OTHERS}
    if _TYPED_DICT in names.at_run_time:
        sources["typing"] += (_TYPED_DICT,)
        hints.add(_TYPED_DICT)
    lines = [
        f"from runcomfy.model import {', '.join(sorted(now, key=_by_kind))}",
        "",
        "TYPE_CHECKING = False",
        "if TYPE_CHECKING:",
    ]
    for source, importable in sources.items():
        wanted = [name for name in importable if name in hints]
        if wanted and source == "runcomfy.model":
            lines.append("")
        if wanted:
            lines.append(f"    from {source} import {', '.join(wanted)}")
    if _TYPED_DICT in hints:
        lines += ["else:", f"    from runcomfy.model import {_TYPED_DICT}"]
    return lines


def _template(name: str) -> Template:
    return _environment().get_template(name)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(  # noqa: S701 — the output is Python, whose escaping is python_source.py
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
