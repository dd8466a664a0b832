"""The pipeline from stored schemas to a package: documents -> spec -> text -> plan (-> disk)."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from fnmatch import translate
from pathlib import Path
from typing import TYPE_CHECKING

from runcomfy.model import FORMAT
from runcomfy_codegen.package.file_stamps import FileStamps
from runcomfy_codegen.package.folder import PackageFolder
from runcomfy_codegen.package.known_failures import KnownFailures
from runcomfy_codegen.package.manifest import Manifest, ManifestEntry
from runcomfy_codegen.package.name_claims import NameClaims, names_of
from runcomfy_codegen.package.plan import Plan, make_plan
from runcomfy_codegen.schema.documents import (
    parse_documents,
    read_stored,
    scan_models,
    stored_files,
)
from runcomfy_codegen.schema.model_ids import ModelId
from runcomfy_codegen.spec.names import Identifier

from .collector import without_collector
from .errors import CodegenError, Misuse, NameClash, SchemaError
from .fingerprint import digest, fingerprint, read_stamp, stamp
from .package import manifest as manifests

if TYPE_CHECKING:
    from .model_files import ModelFailure, ModelFiles, ModelTask, SchemaChange

__all__ = ["PipelineResult", "generate"]

_ALL = ("*",)


@dataclass(slots=True)
class PipelineResult:
    """The outcome: the plan, and what there is to say about each model."""

    plan: Plan
    manifest: Manifest
    rendered: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: dict[str, CodegenError] = field(default_factory=dict)
    changes: dict[str, list[SchemaChange]] = field(default_factory=dict)


def generate(
    schemas: Path,
    out: Path,
    package: str,
    *,
    models: Sequence[str] = _ALL,
    only: str = "*",
    keep_going: bool = False,
    fresh: bool = False,
    read_all: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> PipelineResult:
    """Plan the package. Nothing is written; ``plan.apply`` does that.

    ``models`` are globs over model ids: the models that the package holds. ``only`` is another one, over those; the
    others of them stay as they are. ``keep_going`` lists a bad model
    in ``failed`` and goes on, keeping what was generated for it before. ``fresh`` renders everything
    anew instead of trusting what an earlier run left, and ``read_all`` reads and hashes every file, also where size and
    times say that no one has written to it. ``progress`` receives the number of models made, and of all.
    Raises ``CodegenError``.
    """
    folder = out / _package_path(package)
    with without_collector():
        run = _GenerateRun(
            schemas, folder, package, models, only, keep_going, fresh, read_all, progress
        )
        return run.result()


def _package_path(package: str) -> Path:
    for part in package.split("."):
        try:
            Identifier(part)
        except ValueError:
            raise Misuse(
                f"--package {package}",
                "is not a valid package name",
                "Use a name such as my_models.",
            ) from None
    if package.partition(".")[0] in sys.stdlib_module_names | {"runcomfy", "runcomfy_codegen"}:
        raise Misuse(
            f"--package {package}", "would shadow a package of that name", "Choose another name."
        )
    return Path(*package.split("."))


def _matcher(globs: Sequence[str]) -> Callable[[str], object]:
    """A function that says whether a model id matches one of the globs."""
    return re.compile("|".join(map(translate, globs))).match


class _GenerateRun:
    def __init__(
        self,
        schemas: Path,
        folder: Path,
        package: str,
        models: Sequence[str],
        only: str,
        keep_going: bool,
        fresh: bool,
        read_all: bool,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.schemas = schemas
        self.package = package
        self.keep_going = keep_going
        self.progress = progress
        self.previous = Manifest.read(folder)
        self.folder = PackageFolder(folder, self.previous.files)
        # The package's name stands in its indexes.
        self.generator = f"{fingerprint()} {package}"
        self.fresh = fresh
        last = stamp(self.generator, self.folder.text(manifests.NAME) or "")
        self.trusted = not fresh and read_stamp(folder) == last
        self.failures = KnownFailures(folder, self.generator, schemas, used=not fresh)
        self.seen = FileStamps(folder, last, used=self.trusted and not read_all)
        self.globs, self.only = tuple(models), only
        #: What decides, together with the files, what a run does; empty if it is not about all models.
        self.question = [str(schemas), package, *models] if only == "*" else []
        self.models: dict[str, ManifestEntry] = {}
        self.claims = NameClaims()
        #: The contents to write, and the paths of the files that stay.
        self.contents: dict[str, bytes] = {}
        self.staying: set[str] = set()
        self.generation = PipelineResult(Plan(folder, {}, (), ()), Manifest())

    def result(self) -> PipelineResult:
        made: dict[str, ManifestEntry] = {}
        jobs = [] if self._kept_all() else self._jobs(*self._found())
        if jobs:
            from .model_files import make_models

            # All is rendered before anything is written, so a model that cannot be stops nothing half way.
            with closing(make_models(self.schemas, jobs)) as outcomes:
                for number, (job, outcome) in enumerate(zip(jobs, outcomes, strict=True), 1):
                    self._take(job.model_id, outcome, made)
                    if self.progress:
                        self.progress(number, len(jobs))
        self._render_shared()
        self.generation.rendered = sorted(made)
        return self._planned(made)

    def _kept_all(self) -> bool:
        """Keep everything, if nothing has changed since the last run: nothing is listed then, and no schema is read."""
        previous = self.previous
        if previous.format != FORMAT or not self.seen.all_known(self.question):
            return False
        self.models = previous.models
        self.generation.kept = [*previous.models]
        self.staying = {*map(_path, previous.models.values())}
        for path in self.staying:
            self.folder.trust(path)
        return True

    def _found(self) -> tuple[dict[ModelId, frozenset[str]], set[ModelId]]:
        """The models of the package, with the names of their files; and those of them that this run is about."""
        wanted, selected = _matcher(self.globs), _matcher([self.only])
        # This generator has checked the ids in a manifest that it wrote.
        valid = self.previous.models if self.trusted else ()
        found = scan_models(self.schemas, valid, self.seen.note_folder)
        ids = {one: files for one, files in found.items() if wanted(one)}
        chosen = {one for one in ids if selected(one)}
        if not chosen:
            globs = " or ".join(map(repr, self.globs if self.only == "*" else [self.only]))
            matching = "" if globs == "'*'" else f" that matches {globs}"
            raise SchemaError(
                str(self.schemas),
                f"contains no model{matching}",
                "Add one: runcomfy-codegen add PAGE",
            )
        return ids, chosen

    def _jobs(
        self, ids: Mapping[ModelId, frozenset[str]], selected: Container[ModelId]
    ) -> list[ModelTask]:
        """The models to make anew. The others are kept, and every model's name is claimed: a clash shows at once."""
        jobs = []
        for model_id, files in ids.items():
            try:
                if model_id not in selected and not self._unusable(model_id):
                    self._keep(model_id)
                    continue
                known = self.previous.models.get(model_id)
                if known and self._seen(model_id, files, known):
                    self._keep(model_id)
                    continue
                stored = read_stored(self.schemas, model_id, files)
                if (
                    self.trusted
                    and known
                    and known.documents == stored.hash
                    and self._intact(known)
                ):
                    self._keep(model_id)
                    continue
                failure = self.failures.of(model_id, stored.hash)
                if failure:
                    raise failure
                self.claims.take(model_id, *names_of(stored))
                if not self.keep_going:
                    parse_documents(
                        stored
                    )  # so that a broken one is refused before any is rendered
                jobs.append(self._job(model_id, files, known))
            except CodegenError as error:
                self._fail(model_id, error)
        # Mistakes in corrections show first as well.
        return sorted(jobs, key=lambda job: "overrides.json" not in job.files)

    def _seen(self, model_id: ModelId, files: frozenset[str], known: ManifestEntry) -> bool:
        """Whether no one has written to the model's documents, and to its module, since the last run."""
        documents = stored_files(self.schemas, model_id, files)
        renamed = "input.json" not in files
        if not documents or (renamed and self.globs != _ALL):
            return False
        place = _path(known)
        is_known = self.seen.is_known(model_id, [*documents, self.folder.place(place)])
        if renamed or not is_known:  # a renamed model has the documents of another one
            return False
        self.folder.trust(place)
        return True

    def _job(
        self, model_id: ModelId, files: frozenset[str], known: ManifestEntry | None
    ) -> ModelTask:
        from .model_files import ModelTask

        if known is None or not self.folder.is_as_written(_path(known)):
            return ModelTask(model_id, files)
        return ModelTask(model_id, files, known, self.folder.root / _path(known))

    def _take(
        self, model_id: ModelId, outcome: ModelFiles | ModelFailure, made: dict[str, ManifestEntry]
    ) -> None:
        from .model_files import ModelFailure

        if isinstance(outcome, ModelFailure):
            self.failures.note(model_id, outcome.documents, outcome.error)
            self._fail(model_id, outcome.error)
            return
        entry = outcome.entry
        try:
            self.claims.take(model_id, entry.package, entry.module, entry.exports)
        except CodegenError as error:
            self._fail(model_id, error)
            return
        made[model_id] = self.models[model_id] = entry
        self.contents[_path(entry)] = outcome.module
        if outcome.changes:
            self.generation.changes[model_id] = outcome.changes

    def _fail(self, model_id: ModelId, error: CodegenError) -> None:
        """Note a model that cannot be made, and keep what was made of it before; or end here."""
        if not self.keep_going:
            raise error
        self.generation.failed[model_id] = error
        self.claims.drop(model_id)
        with suppress(NameClash):
            self._keep(model_id)

    def _unusable(self, model_id: str) -> bool:
        """Whether the last run made the model, and its file cannot be kept."""
        entry = self.previous.models.get(model_id)
        return entry is not None and not self._intact(entry)

    def _intact(self, entry: ManifestEntry) -> bool:
        """Whether the file is as the last run wrote it, and in a format that this runtime serves."""
        return self.previous.format[0] == FORMAT[0] and self.folder.is_as_written(_path(entry))

    def _keep(self, model_id: str) -> None:
        entry = self.previous.models.get(model_id)
        if entry is None or not self._intact(entry):
            return
        self.claims.take(model_id, entry.package, entry.module, entry.exports)
        self.models[model_id] = entry
        self.staying.add(_path(entry))
        self.generation.kept.append(model_id)

    def _render_shared(self) -> None:
        """The modules that cover all models."""
        paths = _shared_paths(self.models)
        if (
            self.trusted
            and _places(self.models) == _places(self.previous.models)
            and all(map(self.folder.is_as_written, paths))
        ):
            self.staying.update(paths)
        else:
            from .model_files import format_modules, make_shared

            self.contents |= format_modules(make_shared(self.package, self.models))
        self.contents["py.typed"] = b""

    def _planned(self, made: dict[str, ManifestEntry]) -> PipelineResult:
        result = self.generation
        result.removed = sorted(self.previous.models.keys() - self.models.keys())
        for model_id in result.removed:
            from .model_files import SchemaChange

            why = "its folder is no longer in the schemas folder"
            if model_id in result.failed:
                why = "it cannot be generated, and its existing module is no longer usable"
            result.changes[model_id] = [SchemaChange("breaking", "", f"model removed: {why}")]
        result.manifest.models = self.models
        hashes = {path: digest(content) for path, content in self.contents.items()}
        hashes |= {path: self.folder.hash(path) or "" for path in self.staying}
        result.manifest.files = hashes
        manifest = self._manifest_text()
        self.contents[manifests.NAME] = manifest.encode("utf-8")
        # Where something is kept that another generator made, the next full run has to render it again.
        whole = self.trusted or not result.kept
        written = stamp(self.generator, manifest) if whole else ""
        interim = self._interim(made)
        plan = make_plan(self.folder, self.contents, self.staying, written, interim)
        # A model that failed is not as it was, though what was made of it before is kept.
        unchanged = [one for one in result.kept if one not in result.failed]
        whole = not (made or result.removed or result.failed)
        seen = self.seen.record(written, unchanged, self.question if whole else [])
        records = (seen, self.failures.record(result.failed))
        result.plan = replace(plan, records=tuple(filter(None, records)))
        return result

    def _interim(self, made: dict[str, ManifestEntry]) -> dict[str, bytes]:
        """Indexes without the names that new modules no longer give, for the time until the new indexes are there."""
        if (
            self.previous.format[0] != FORMAT[0]
        ):  # the package cannot be imported now, so nothing is lost
            return {}
        left: dict[str, ManifestEntry] = {}
        for model_id, entry in made.items():
            known = self.previous.models.get(model_id)
            if known is None or _path(known) != _path(entry):
                continue
            exports = tuple(name for name in known.exports if name in entry.exports)
            if exports != known.exports:
                left[model_id] = replace(known, exports=exports)
        if not left:
            return {}
        from .model_files import format_modules, make_interim

        owners = {entry.package for entry in left.values()}
        before = {i: one for i, one in self.previous.models.items() if one.package in owners}
        models = {i: one for i, one in {**before, **left}.items() if one.exports}
        return format_modules(make_interim(self.package, models))

    def _manifest_text(self) -> str:
        if self.generation.manifest == self.previous:
            return self.folder.text(manifests.NAME) or self.previous.text()
        return self.generation.manifest.text()


def _path(entry: ManifestEntry) -> str:
    """The module of a model, relative to the package."""
    return f"{entry.package}/{entry.module}.py"


def _shared_paths(models: dict[str, ManifestEntry]) -> list[str]:
    """The modules that cover all models."""
    owners = {entry.package for entry in models.values()}
    return ["__init__.py", *(f"{owner}/__init__.py" for owner in sorted(owners))]


def _places(models: dict[str, ManifestEntry]) -> dict[str, tuple[object, ...]]:
    return {model_id: entry.place for model_id, entry in models.items()}
