"""``remove`` and ``rename``: removing and renaming stored models."""

from __future__ import annotations

import json
from pathlib import Path

from runcomfy.model.suggestions import did_you_mean
from runcomfy_codegen.errors import Misuse
from runcomfy_codegen.ingest.store import commit, model_folder, parse_record, record_bytes
from runcomfy_codegen.schema.documents import (
    DEPRECATED_FILE,
    chosen_class,
    find_models,
    parse_documents,
    read_stored,
)
from runcomfy_codegen.schema.model_ids import ModelId, parse_model_id

from .store import FolderChange, forget

__all__ = ["remove", "rename", "stored_id"]

#: What moves to the new name; the mark stays at the old one.
_MOVED = (
    "input.json",
    "output.json",
    "example.json",
    "catalogue.json",
    "source.json",
    "overrides.json",
)


def remove(schemas: Path, name: str) -> FolderChange:
    """Remove all stored files of a model. Raises ``Misuse`` if there are none, and ``CannotWrite``."""
    change = forget(schemas, stored_id(schemas, name))
    commit(schemas, [change])
    _remove_empty(change.folder, schemas.resolve())
    return change


def rename(schemas: Path, old: str, new: str) -> list[FolderChange]:
    """Give a model another id. The old one stays as a deprecated alias, whose requests go to the new one.

    Where the new one is stored already, the old one becomes its alias. Raises ``Misuse`` and ``CannotWrite``.
    """
    source, target = stored_id(schemas, old), parse_model_id(new, new)
    if source == target:
        raise Misuse(new, "is already the model's id", "Choose another id.")
    stored = read_stored(schemas, source)
    if parse_documents(stored).renamed_to is not None:
        raise Misuse(
            old, "has already been renamed", f"Rename {parse_documents(stored).renamed_to}."
        )
    mark: dict[str, object] = {"renamed_to": target}
    if kept := chosen_class(stored):
        mark["class_name"] = kept
    folder = model_folder(schemas, source, old)
    there = tuple(one for one in _MOVED if (folder / one).is_file())
    changes = []
    if not (model_folder(schemas, target, new) / "input.json").exists():
        files = {one: (folder / one).read_bytes() for one in there}
        writes = _for_new_name(files, target)
        changes.append(FolderChange(target, "added", model_folder(schemas, target, new), writes))
    alias = {DEPRECATED_FILE: record_bytes(mark)}
    words = f"renamed to {target}; the old id remains as a deprecated alias"
    changes.append(FolderChange(source, "deprecated", folder, alias, there, words))
    commit(schemas, changes)
    return changes


def _for_new_name(files: dict[str, bytes], target: ModelId) -> dict[str, bytes]:
    """The files under the new name: the record holds it, and the class is named after it."""
    moved = dict(files)
    record = parse_record(moved.get("source.json"))
    if record:
        moved["source.json"] = record_bytes({**record, "model_id": target})
    overrides = parse_record(moved.get("overrides.json"))
    if "class_name" in overrides:
        del overrides["class_name"]  # the alias has it
        moved["overrides.json"] = (
            json.dumps(overrides, indent=2, ensure_ascii=False) + "\n"
        ).encode()
    return moved


def stored_id(schemas: Path, name: str) -> ModelId:
    """The id of a stored model. Raises ``Misuse``, with a suggestion, if it is not stored."""
    known = find_models(schemas)
    model_id = parse_model_id(name, name)
    if model_id not in known:
        near = did_you_mean(name, known)
        raise Misuse(name, f"is not stored under {schemas}{near}", "Pass the id of a stored model.")
    return model_id


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
