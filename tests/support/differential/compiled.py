"""Request classes straight from schemas: hundreds in one package, or one in the middle of a hypothesis run."""

from __future__ import annotations

import importlib
import sys
from itertools import count
from pathlib import Path
from typing import Any

import runcomfy
from runcomfy_codegen.render.render import render_model
from runcomfy_codegen.render.template_files import templates_folder
from runcomfy_codegen.schema.documents import Documents
from runcomfy_codegen.schema.model_ids import ModelId
from runcomfy_codegen.spec.builder import build_model
from support.small_models import load, make

__all__ = ["quick_class", "request_classes"]

RequestClass = type[runcomfy.Request[Any]]

_numbers = count()


def request_classes(folder: Path, schemas: dict[str, Any], package: str) -> dict[str, RequestClass]:
    """The request class of each input schema, by its name, generated as users would."""
    ids = {name: f"acme/case-{i}" for i, name in enumerate(schemas)}
    make(folder, {ids[name]: schema for name, schema in schemas.items()}, package)
    made = load(folder, f"{package}.acme")
    return {name: getattr(made, f"Case{i}") for i, name in enumerate(schemas)}


def quick_class(folder: Path, schema: dict[str, Any]) -> RequestClass:
    """The request class of one schema, without the formatter, which takes most of the time."""
    number = next(_numbers)
    for name in (f"quick_{number - 1}", f"quick_{number - 1}.quick"):
        sys.modules.pop(name, None)  # thousands of them would fill the memory
    package = folder / f"quick_{number}"
    package.mkdir()
    model_id = ModelId("acme/quick")
    documents = Documents(model_id, schema, {}, None, None, {})
    spec = build_model(documents, templates_folder() / "types")
    (package / "__init__.py").touch()
    (package / "quick.py").write_text(render_model(spec, model_id), encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        made: RequestClass = importlib.import_module(f"quick_{number}.quick").Quick
        return made
    finally:
        sys.path.remove(str(folder))
