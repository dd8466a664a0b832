"""``override``: creating the ``overrides.json`` of a model, and finding overrides without a target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from runcomfy_codegen.diagnostics import Diagnostic
from runcomfy_codegen.errors import Misuse
from runcomfy_codegen.ingest.store import commit, model_folder
from runcomfy_codegen.schema.documents import find_models, parse_documents, read_stored
from runcomfy_codegen.schema.model_ids import ModelId

from .removal import stored_id
from .store import FolderChange

__all__ = ["missing_targets", "start_overrides"]

_FILE = "overrides.json"


def start_overrides(schemas: Path, name: str) -> Path:
    """Write an ``overrides.json`` that names each input of the model and changes nothing.

    Raises ``Misuse`` if the model is not stored or has one already, and ``CannotWrite``.
    """
    model_id = stored_id(schemas, name)
    folder = model_folder(schemas, model_id, name)
    file = folder / _FILE
    if file.exists():
        raise Misuse(str(file), "exists already", "Edit the existing file.")
    documents = parse_documents(read_stored(schemas, model_id))
    if documents.renamed_to is not None:
        raise Misuse(name, "has been renamed", f"Override {documents.renamed_to}.")
    properties = documents.input.get("properties")
    inputs = properties if isinstance(properties, dict) else {}
    start: dict[str, object] = {
        "input": {
            "properties": {one: {} for one, part in inputs.items() if isinstance(part, dict)}
        },
        "names": {},
    }
    text = json.dumps(start, indent=2, ensure_ascii=False) + "\n"
    commit(schemas, [FolderChange(model_id, "updated", folder, {_FILE: text.encode()})])
    return file


def missing_targets(schemas: Path, name: str | None) -> Iterator[tuple[ModelId, Diagnostic]]:
    """The overrides of a model, or of all, whose target is not in the stored documents."""
    for model_id in [stored_id(schemas, name)] if name else find_models(schemas):
        for remark in parse_documents(read_stored(schemas, model_id)).remarks:
            yield model_id, remark
