"""Making what is not there yet or has changed: documents -> spec -> text.

It needs the libraries that are slow to import, so it is imported when there is something to make.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import Any

from runcomfy_codegen.diff.schemas import SchemaChange, compare
from runcomfy_codegen.package.index import package_spec
from runcomfy_codegen.package.manifest import ManifestEntry
from runcomfy_codegen.render.formatting import format_modules
from runcomfy_codegen.render.render import render_model, render_owner, render_package
from runcomfy_codegen.render.template_files import templates_folder
from runcomfy_codegen.schema.documents import Stored, parse_documents
from runcomfy_codegen.schema.inputs import gather_inputs
from runcomfy_codegen.schema.keywords import step
from runcomfy_codegen.spec.builder import build_model
from runcomfy_codegen.spec.names import input_name

__all__ = [
    "SchemaChange",
    "ModelFiles",
    "changes_since",
    "format_modules",
    "make_interim",
    "make_model",
    "make_shared",
]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model, ready to be written: its entry and its module, which is not formatted yet."""

    entry: ManifestEntry
    module: str


def make_model(stored: Stored) -> ModelFiles:
    """Render a model. Raises ``CodegenError`` for one that cannot be."""
    documents = parse_documents(stored)
    spec = build_model(documents, templates_folder() / "types")
    entry = ManifestEntry(
        stored.hash,
        spec.package,
        spec.module,
        tuple(map(str, spec.export_names)),
        spec.notes,
        documents.names,
    )
    return ModelFiles(entry, render_model(spec, stored.model_id))


def make_shared(name: str, models: dict[str, ManifestEntry]) -> dict[str, str]:
    """The modules that tell of all models, path -> text, not formatted yet."""
    package = package_spec(name, models)
    modules = {"__init__.py": render_package(package, name)}
    for owner in package.owners:
        modules[f"{owner.package}/__init__.py"] = render_owner(owner, f"{name}.{owner.package}")
    return modules


def make_interim(name: str, models: dict[str, ManifestEntry]) -> dict[str, str]:
    """The indexes of these models' owners as they are while modules are replaced, not formatted yet."""
    owners = package_spec(name, models).owners
    return {
        f"{one.package}/__init__.py": render_owner(one, f"{name}.{one.package}") for one in owners
    }


def changes_since(known: ManifestEntry, module: str, made: ModelFiles) -> list[SchemaChange]:
    """What is new for programs, since the model was made as ``known`` with the text ``module``."""
    (old, old_example, was), (new, new_example, now) = map(_facts, (module, made.module))
    if not (old and new):  # it was made by an older generator, which kept the schemas elsewhere
        return []
    changes = [*_renamed(known, made.entry, old["input"], new["input"]), *compare(old, new)]
    if known.class_name != made.entry.class_name:
        renamed = f"class {known.class_name} is now {made.entry.class_name}"
        changes.insert(0, SchemaChange("breaking", "", renamed))
    if old_example != new_example:
        changes.append(SchemaChange("text", "", "example changed"))
    if was != now:
        changes.append(SchemaChange("text", "", now or "no longer deprecated"))
    return changes


def _facts(module: str) -> tuple[dict[str, Any], object, str]:
    """The schemas, empty where it has none, the example, and why it is deprecated, in the text of a model's module."""
    schemas: dict[str, Any] = {}
    example: object = None
    deprecated = ""
    for node in ast.walk(ast.parse(module)):
        if isinstance(node, ast.Assign):
            name = getattr(node.targets[0], "id", None)
            if name == "_SCHEMAS":
                schemas = json.loads(ast.literal_eval(node.value))
            elif name == "_example":
                example = ast.literal_eval(node.value)
            elif name == "_deprecated":
                deprecated = ast.literal_eval(node.value)
    return schemas, example, deprecated


def _renamed(
    known: ManifestEntry, entry: ManifestEntry, old: dict[str, Any], new: dict[str, Any]
) -> list[SchemaChange]:
    """The inputs that are still there under another Python name."""
    both = [gather_inputs(schema).schema.get("properties", {}) for schema in (old, new)]
    changes = []
    for wire in sorted(known.names.keys() | entry.names.keys()):
        was, now = (names.get(wire, input_name(wire)) for names in (known.names, entry.names))
        if was != now and all(wire in inputs for inputs in both):
            changes.append(
                SchemaChange("breaking", step("input", wire), f"{was} is now named {now}")
            )
    return changes
