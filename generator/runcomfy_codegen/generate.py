"""The whole way from stored schemas to a package: documents -> spec -> text -> plan (-> disk)."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from . import manifest as manifests
from .build import build_model
from .changes import Change, compare
from .documents import find_models, read_documents
from .errors import CodegenError, NameClash, SchemaError
from .formatting import format_modules
from .manifest import Manifest, ModelEntry, digest, document_hash, fingerprint
from .model_ids import ModelId
from .names import Identifier
from .package import package_spec, refuse_clash
from .plan import Plan, make_plan
from .render import render_index, render_model, render_owner, render_package, templates_folder
from .spec import ModelSpec

__all__ = ["Generation", "generate"]


@dataclass(slots=True)
class Generation:
    """The outcome: the plan, and what there is to say about each model."""

    plan: Plan
    manifest: Manifest
    rendered: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: dict[str, CodegenError] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=dict)


def generate(
    schemas: Path,
    out: Path,
    package: str,
    *,
    only: str = "*",
    keep_going: bool = False,
    fresh: bool = False,
) -> Generation:
    """Plan the package. Nothing is written; ``plan.apply`` does that.

    ``only`` is a glob over model ids; other models stay as they are. ``keep_going`` lists a bad model
    in ``failed`` and goes on, keeping what was generated for it before. ``fresh`` renders everything
    anew instead of trusting what an earlier run left. Raises ``CodegenError``.
    """
    return _Run(schemas, out / _package_path(package), package, only, keep_going, fresh).result()


def _package_path(package: str) -> Path:
    for part in package.split("."):
        try:
            Identifier(part)
        except ValueError:
            raise CodegenError(
                f"--package {package}", "is no import name", "Give one such as my_models."
            ) from None
    if package.partition(".")[0] in sys.stdlib_module_names | {"runcomfy", "runcomfy_codegen"}:
        raise CodegenError(
            f"--package {package}", "would hide a package of that name", "Give another name."
        )
    return Path(*package.split("."))


class _Run:
    def __init__(
        self, schemas: Path, folder: Path, package: str, only: str, keep_going: bool, fresh: bool
    ) -> None:
        self.schemas = schemas
        self.folder = folder
        self.package = package
        self.keep_going = keep_going
        self.previous = Manifest.read(folder)
        self.generator = fingerprint()
        self.fresh = fresh
        self.trusted = not fresh and self.previous.generator == self.generator
        self.ids = find_models(schemas)
        self.selected = {model_id for model_id in self.ids if fnmatchcase(model_id, only)}
        if not self.selected:
            matching = f" that matches {only!r}" if self.ids else ""
            raise SchemaError(
                str(schemas), f"holds no model{matching}", "Add one: runcomfy-codegen add PAGE"
            )
        self.models: dict[str, ModelEntry] = {}
        self.texts: dict[str, str] = {}
        self.generation = Generation(Plan(folder, {}, (), ()), Manifest(self.generator))

    def result(self) -> Generation:
        built: dict[ModelId, tuple[ModelSpec, str]] = {}
        for model_id in self.ids:
            try:
                if model_id in self.selected or self._damaged(model_id):
                    self._take(model_id, built)
                else:
                    self._keep(model_id)
            except CodegenError as error:
                if not self.keep_going:
                    raise
                self.generation.failed[model_id] = error
                with suppress(NameClash):
                    self._keep(model_id)
        self._render(built)
        return self._planned()

    def _take(self, model_id: ModelId, built: dict[ModelId, tuple[ModelSpec, str]]) -> None:
        documents = read_documents(self.schemas, model_id)
        hashed = document_hash(documents)
        known = self.previous.models.get(model_id)
        if self.trusted and known and known.documents == hashed and self._intact(known):
            self._keep(model_id)
            return
        spec = build_model(documents, templates_folder() / "types")
        entry = ModelEntry(
            hashed,
            spec.package,
            spec.module,
            spec.class_name,
            tuple(map(str, spec.export_names)),
            spec.notes,
        )
        refuse_clash(model_id, entry, self.models)
        # Rendered at once, so that a model which cannot be is known before any other is written.
        text = render_model(spec, model_id)
        built[model_id] = (spec, text)
        self.models[model_id] = entry
        self._note_changes(model_id, known, spec)

    def _damaged(self, model_id: str) -> bool:
        """Whether the files of the last run are not there as it wrote them."""
        entry = self.previous.models.get(model_id)
        return entry is not None and not self._intact(entry)

    def _intact(self, entry: ModelEntry) -> bool:
        return all(self._text(path) is not None for path in _paths(entry))

    def _text(self, path: str) -> str | None:
        """A file of the last run as it lies there, ``None`` if it is not as it was written."""
        try:
            text = (self.folder / path).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        return text if self.previous.files.get(path) == digest(text) else None

    def _keep(self, model_id: str) -> None:
        entry = self.previous.models.get(model_id)
        if entry is None or not self._intact(entry):
            return
        refuse_clash(model_id, entry, self.models)
        self.models[model_id] = entry
        self.texts |= {path: self._text(path) or "" for path in _paths(entry)}
        self.generation.kept.append(model_id)

    def _note_changes(self, model_id: str, known: ModelEntry | None, spec: ModelSpec) -> None:
        old = self._text(_paths(known)[1]) if known else None
        if known is None or old is None:
            return
        changes = compare(json.loads(old), json.loads(spec.schema_file))
        if known.class_name != spec.class_name:
            renamed = f"class {known.class_name} is now {spec.class_name}"
            changes.insert(0, Change("breaking", "", renamed))
        if changes:
            self.generation.changes[model_id] = changes

    def _render(self, built: dict[ModelId, tuple[ModelSpec, str]]) -> None:
        modules = {}
        for model_id, (spec, text) in built.items():
            module, schema = _paths(self.models[model_id])
            modules[module] = text
            self.texts[schema] = spec.schema_file
        package = package_spec(self.package, self.models)
        modules["__init__.py"] = render_package(package, self.package)
        modules["_index.py"] = render_index(package, f"{self.package}._index")
        for owner in package.owners:
            place = f"{self.package}.{owner.package}"
            modules[f"{owner.package}/__init__.py"] = render_owner(owner, place)
        self.texts |= format_modules(modules)
        self.texts["py.typed"] = ""
        self.generation.rendered = sorted(built)

    def _planned(self) -> Generation:
        result = self.generation
        result.removed = sorted(self.previous.models.keys() - self.models.keys())
        for model_id in result.removed:
            gone = "model removed: its folder is no longer among the schemas"
            result.changes[model_id] = [Change("breaking", "", gone)]
        if self.fresh or (result.kept and self.previous.generator != self.generator):
            # A generator that writes the same package is no drift. And where something older is kept,
            # the next full run has to render it anew.
            result.manifest.generator = self.previous.generator
        result.manifest.models = self.models
        result.manifest.files = {path: digest(text) for path, text in self.texts.items()}
        files = {**self.texts, manifests.NAME: result.manifest.text()}
        result.plan = make_plan(self.folder, files, self.previous)
        return result


def _paths(entry: ModelEntry) -> tuple[str, str]:
    """The module and the schema file of a model, relative to the package."""
    stem = f"{entry.package}/{entry.module}"
    return f"{stem}.py", f"{stem}.schema.json"
