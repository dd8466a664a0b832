"""Generating new and changed models: documents -> spec -> text.

It needs the libraries that are slow to import, so it is imported when there is something to make.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from runcomfy_codegen.diagnostics import Diagnostic
from runcomfy_codegen.diff.schemas import SchemaChange, compare
from runcomfy_codegen.package.index import package_spec
from runcomfy_codegen.package.manifest import ManifestEntry
from runcomfy_codegen.render.formatting import format_in, format_modules
from runcomfy_codegen.render.render import render_model, render_owner, render_package
from runcomfy_codegen.render.template_files import templates_folder
from runcomfy_codegen.schema.documents import Stored, parse_documents, read_stored, recorded_id
from runcomfy_codegen.schema.inputs import gather_inputs
from runcomfy_codegen.schema.keywords import step
from runcomfy_codegen.schema.model_ids import ModelId
from runcomfy_codegen.spec.builder import build_model
from runcomfy_codegen.spec.library_hints import prepare_library
from runcomfy_codegen.spec.names import input_name

from .collector import without_collector
from .errors import CodegenError

__all__ = [
    "SchemaChange",
    "ModelTask",
    "ModelFailure",
    "ModelFiles",
    "format_modules",
    "make_interim",
    "make_models",
    "make_shared",
]


#: A model takes some milliseconds, and a process some hundred of them.
_BATCH, _WORTH_PROCESSES = 100, 200


@dataclass(frozen=True, slots=True)
class ModelTask:
    """A model to make, and what was made of it before: its entry, and where its module is."""

    model_id: ModelId
    #: The names of the files in its folder.
    files: frozenset[str]
    known: ManifestEntry | None = None
    before: Path | None = None


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model, ready to be written: its entry, its module, and what is new in it for programs."""

    entry: ManifestEntry
    module: bytes
    changes: list[SchemaChange]


@dataclass(frozen=True, slots=True)
class ModelFailure:
    """Why a model cannot be made, of documents with this hash; it is empty where they cannot be read."""

    error: CodegenError
    documents: str


def make_models(
    schemas: Path, jobs: Sequence[ModelTask]
) -> Generator[ModelFiles | ModelFailure, None, None]:
    """Make models, in order; a failure takes the place of one that cannot be made. To be closed by who stops early."""
    batches = [jobs[start : start + _BATCH] for start in range(0, len(jobs), _BATCH)]
    with tempfile.TemporaryDirectory(prefix="runcomfy-codegen-") as scratch:
        make = partial(_make_batch, schemas, Path(scratch))
        if len(jobs) < _WORTH_PROCESSES or not _can_fork():
            for batch in batches:
                yield from make(batch)
            return
        prepare_library(templates_folder() / "types")  # once, before the processes share it
        with ProcessPoolExecutor(mp_context=get_context("fork")) as processes:
            for made in processes.map(make, batches):
                yield from made


def _can_fork() -> bool:
    """Whether copies of this process may do a part: not beside threads, whose locks they would find held."""
    return sys.platform == "linux" and threading.active_count() == 1 and (os.cpu_count() or 1) > 1


@without_collector()
def _make_batch(
    schemas: Path, scratch: Path, jobs: Sequence[ModelTask]
) -> list[ModelFiles | ModelFailure]:
    outcomes: list[_Rendered | ModelFailure] = []
    for job in jobs:
        documents = ""
        try:
            stored = read_stored(schemas, job.model_id, job.files)
            documents = stored.hash
            outcomes.append(_render_model(stored, documents, job))
        except CodegenError as error:
            outcomes.append(ModelFailure(error, documents))
    texts = {str(i): one.module for i, one in enumerate(outcomes) if isinstance(one, _Rendered)}
    own = scratch / str(os.getpid())  # of this process
    own.mkdir(exist_ok=True)
    contents = format_in(own, texts) if texts else {}
    return [
        ModelFiles(one.entry, contents[str(i)], one.changes) if isinstance(one, _Rendered) else one
        for i, one in enumerate(outcomes)
    ]


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A model whose module is not formatted yet."""

    entry: ManifestEntry
    module: str
    changes: list[SchemaChange]


def _render_model(stored: Stored, documents: str, job: ModelTask) -> _Rendered:
    parsed = parse_documents(stored)
    spec = build_model(parsed, templates_folder() / "types")
    # A renamed model is read from the folder of its new name.
    remarks = () if parsed.renamed_to else _remarks_on_source(stored)
    entry = ManifestEntry(
        documents,
        spec.package,
        spec.module,
        tuple(map(str, spec.export_names)),
        (*spec.notes, *remarks),
        parsed.names,
    )
    module = render_model(spec, stored.model_id)
    changes = []
    if job.known and job.before is not None:
        before = job.before.read_text(encoding="utf-8")
        changes = _changes_since(job.known, before, entry, module)
    return _Rendered(entry, module, changes)


def _remarks_on_source(stored: Stored) -> Iterator[Diagnostic]:
    recorded = recorded_id(stored)
    if recorded not in ("", stored.model_id):
        text = f"says {recorded!r}, but the folder was renamed or copied; the folder name is used"
        yield Diagnostic("source.json", "oddity", "model_id", text)


def make_shared(name: str, models: dict[str, ManifestEntry]) -> dict[str, str]:
    """The modules that cover all models, path -> text, not formatted yet."""
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


def _changes_since(
    known: ManifestEntry, before: str, entry: ManifestEntry, module: str
) -> list[SchemaChange]:
    """What is new for programs, since the model was made as ``known`` with the text ``before``."""
    changes = []
    if known.class_name != entry.class_name:
        renamed = f"class {known.class_name} is now {entry.class_name}"
        changes.append(SchemaChange("breaking", "", renamed))
    if known.documents == entry.documents:
        return changes
    (old, old_example, was), (new, new_example, now) = map(_facts, (before, module))
    if not (old and new):  # it was made by an older generator, which kept the schemas elsewhere
        return changes
    changes += [*_renamed(known, entry, old["input"], new["input"]), *compare(old, new)]
    if old_example != new_example:
        changes.append(SchemaChange("text", "", "example changed"))
    if was != now:
        changes.append(SchemaChange("text", "", now or "no longer deprecated"))
    return changes


def _facts(module: str) -> tuple[dict[str, Any], object, str]:
    """The schemas, empty if it has none, the example, and why it is deprecated, in the text of a model's module."""
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
