"""Small schemas in, generated packages out: what the generator's tests are written with."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from runcomfy_codegen.package.plan import apply
from runcomfy_codegen.pipeline import PipelineResult, generate

__all__ = ["make", "make_class", "store"]


def store(schemas: Path, model_id: str, schema: object, **documents: object) -> Path:
    """Store a model as ``add`` would: ``schema`` as its input, ``documents`` by name beside it."""
    folder = schemas.joinpath(*model_id.split("/"))
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in {"input": schema, **documents}.items():
        text = document if isinstance(document, str) else json.dumps(document)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def make(tmp_path: Path, models: dict[str, Any], package: str = "made_models") -> PipelineResult:
    """Generate a package with these models, model id -> input schema, below ``tmp_path``."""
    for model_id, schema in models.items():
        store(tmp_path / "schemas", model_id, schema)
    generation = generate(tmp_path / "schemas", tmp_path / "out", package)
    apply(generation.plan)
    return generation


def load(tmp_path: Path, name: str) -> ModuleType:
    """Import a module of a package made below ``tmp_path``, afresh."""
    root = name.partition(".")[0]
    for known in [known for known in sys.modules if known == root or known.startswith(f"{root}.")]:
        del sys.modules[known]
    importlib.invalidate_caches()
    sys.path.insert(0, str(tmp_path / "out"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(tmp_path / "out"))


def make_class(tmp_path: Path, properties: dict[str, Any], **root: Any) -> Any:
    """The request class of one small model with these properties."""
    schema = {"type": "object", "properties": properties, **root}
    make(tmp_path, {"acme/small": schema})
    return load(tmp_path, "made_models.acme.small").Small
