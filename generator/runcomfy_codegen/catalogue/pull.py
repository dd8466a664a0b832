"""``runcomfy-codegen pull``: add models from the live catalogue, and update the stored ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runcomfy_codegen.console import printable
from runcomfy_codegen.errors import CodegenError, Misuse
from runcomfy_codegen.ingest.store import commit
from runcomfy_codegen.schema.documents import find_models
from runcomfy_codegen.schema.model_ids import ModelId

from .cursor import Cursor
from .entries import CatalogueModel, UnusableEntry
from .reader import CatalogueQuery, EntryPage, read_catalogue
from .store import FolderChange, deprecate, forget, is_marked_vanished, plan_model

if TYPE_CHECKING:
    from runcomfy.client.client import Client

__all__ = ["PullOptions", "PullReport", "pull"]


@dataclass(frozen=True, slots=True)
class PullOptions:
    """The options of a pull."""

    schemas: Path
    #: The queried service: a cursor of one service is useless at another.
    base_url: str
    query: CatalogueQuery = field(default_factory=CatalogueQuery)
    #: Globs over model ids.
    models: Sequence[str] = ()
    #: Every model that the query finds, whatever ``models`` says.
    everything: bool = False
    prune: bool = False
    dry_run: bool = False
    restart: bool = False


@dataclass(slots=True)
class PullReport:
    """The outcome of a pull."""

    changes: list[FolderChange] = field(default_factory=list)
    #: Name and reason of entries that no model can be made of.
    unusable: dict[str, str] = field(default_factory=dict)
    unchanged: int = 0
    applied: bool = True
    #: Whether the service gave as many entries as it says that there are.
    complete: bool = True
    #: Further remarks for the user.
    remarks: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "applied": self.applied,
            "complete": self.complete,
            "changes": [
                {"model_id": one.model_id, "verdict": one.verdict, "words": one.words}
                for one in self.changes
            ],
            "unchanged": self.unchanged,
            "unusable": self.unusable,
            "remarks": self.remarks,
        }

    def lines(self) -> Iterable[str]:
        """The report for a terminal; whatever came from the catalogue is escaped."""
        yield from self.remarks
        for change in self.changes:
            words = f"  {printable(change.words)}" if change.words else ""
            yield f"{change.verdict:<10} {change.model_id}{words}"
        for name, reason in sorted(self.unusable.items()):
            yield f"{'unusable':<10} {printable(name)}  {printable(reason)}"
        counts: dict[str, int] = {}
        for change in self.changes:
            counts[change.verdict] = counts.get(change.verdict, 0) + 1
        counts |= {"unchanged": self.unchanged, "unusable": len(self.unusable)}
        totals = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
        yield f"models: {totals or 'none'}" + ("" if self.applied else "; nothing was written")


def pull(
    client: Client, options: PullOptions, progress: Callable[[str], object] = lambda _: None
) -> PullReport:
    """Pull models page by page; each page is stored before the next is read.

    An interrupted pull continues where it stopped. Raises ``RequestError`` and ``CodegenError``.
    """
    return _Pull(client, options, progress).run()


class _Pull:
    def __init__(
        self, client: Client, options: PullOptions, progress: Callable[[str], object]
    ) -> None:
        self.client = client
        self.options = options
        self.progress = progress
        if not options.dry_run:
            commit(options.schemas, [])  # what a killed run left half way is finished, once
        self.stored = _stored_models(options.schemas)
        self.wanted = self._selection()
        self.report = PullReport(applied=not options.dry_run)
        question = {
            "service": options.base_url,
            "search": options.query.search,
            "category": options.query.category,
            "kind": options.query.kind,
            "models": [*options.models],
            "everything": options.everything,
        }
        restart = options.restart or options.dry_run
        self.cursor = Cursor.load(options.schemas, question, restart=restart)
        #: The models that this run has taken, by their ids without case.
        self.taken: dict[str, CatalogueModel] = {}

    def run(self) -> PullReport:
        """All of it."""
        page = None
        for page in self._pages():
            self._take(page)
        self.report.unusable = self.cursor.unusable
        if page is None or not page.is_last:
            self._end_early(page)
        else:
            self._mark_vanished()
            if self.options.prune:
                self._prune()
        if not self.options.dry_run:
            self.cursor.done()
        return self.report

    def _pages(self) -> Iterator[EntryPage]:
        """The pages from where an interrupted pull stopped; all, if the catalogue's entries have moved since."""
        start = self.cursor.offset
        pages = read_catalogue(self.client, self.options.query, start)
        if start:
            page = next(pages)
            if self.cursor.fits(page.names):
                words = (
                    f"resumed at entry {start + 1} of the catalogue; pass --restart to start over"
                )
                yield page
            else:
                words = "started over, because the catalogue has changed since the interrupted pull"
                self.cursor.restart()
                pages = read_catalogue(self.client, self.options.query)
            self.report.remarks.append(words)
        yield from pages

    def _selection(self) -> Callable[[str], bool]:
        """The models to pull: those that match the globs, the query's results, or the stored ones."""
        options = self.options
        if options.everything:
            return lambda _: True
        if options.models:
            return lambda name: any(fnmatchcase(name, glob) for glob in options.models)
        if not options.query.everything:
            return lambda _: True
        if not self.stored:
            raise Misuse(
                str(options.schemas),
                "contains no model to update",
                "Select the models to pull: --model 'openai/*', --search WORDS, or --all.",
            )
        known = {*map(str, self.stored)}
        return known.__contains__

    def _take(self, page: EntryPage) -> None:
        changes = []
        for entry in page.entries:
            if isinstance(entry, UnusableEntry):
                self._refuse(entry.name, entry.reason)
            elif self.wanted(entry.model_id):
                changes += self._planned(entry)
        if not self.options.dry_run:
            commit(self.options.schemas, changes, finish=False)
        self.report.changes += changes
        self.cursor.seen.update(page.names)
        self.cursor.offset = page.offset
        if not self.options.dry_run:
            self.cursor.save()
        total = "" if page.total is None else f" of {page.total}"
        self.progress(f"read {page.offset}{total} entries of the catalogue")

    def _planned(self, entry: CatalogueModel) -> list[FolderChange]:
        first = self.taken.setdefault(entry.model_id.casefold(), entry)
        if first is not entry:
            if first.model_id != entry.model_id:
                reason = f"it differs from {first.model_id} in case only, which is one folder on some systems"
                self._refuse(entry.model_id, reason)
            elif first != entry:
                self._refuse(
                    entry.model_id, "it is listed twice, and differently; the first is taken"
                )
            return []
        try:
            change = plan_model(self.options.schemas, entry)
        except CodegenError as error:
            self._refuse(entry.model_id, f"{error.problem}. {error.advice}")
            return []
        self.report.unchanged += change.verdict == "unchanged"
        return [] if change.verdict == "unchanged" else [change]

    def _refuse(self, name: str, reason: str) -> None:
        """Report an unusable entry, if its model was selected."""
        self.cursor.seen.add(name)
        if self.wanted(name) or "/" not in name:
            self.cursor.unusable[name] = reason

    def _end_early(self, page: EntryPage | None) -> None:
        """The rest of the catalogue is not known, so that no model counts as vanished."""
        read = page.offset if page else self.cursor.offset
        of = f" of {page.total}" if page and page.total is not None else ""
        self.report.complete = False
        self.report.remarks.append(
            f"the service ended the catalogue after {read}{of} entries, so no model is marked as deprecated"
        )

    def _mark_vanished(self) -> None:
        """Mark pulled models that are no longer in the catalogue as deprecated."""
        if not self.options.query.everything:
            return
        gone = [one for one in self.stored if one not in self.cursor.seen and self.wanted(one)]
        unnamed = sum("/" not in name for name in self.cursor.unusable)
        if gone and (unnamed or not self.cursor.seen):
            without = f"the catalogue has entries without an id ({unnamed})"
            why = without if unnamed else "the catalogue is empty"
            self.report.remarks.append(f"{why}, so no model is marked as deprecated")
            return
        changes = [change for one in gone if (change := deprecate(self.options.schemas, one))]
        self._apply(changes)

    def _prune(self) -> None:
        """Remove models that this or an earlier run marked as vanished."""
        root = self.options.schemas
        marked = {
            change.model_id for change in self.report.changes if change.verdict == "deprecated"
        }
        gone = [one for one in self.stored if one in marked or is_marked_vanished(root, one)]
        self.report.changes = [one for one in self.report.changes if one.model_id not in marked]
        self._apply([forget(root, one) for one in gone if one not in self.cursor.seen])

    def _apply(self, changes: list[FolderChange]) -> None:
        if not self.options.dry_run:
            commit(self.options.schemas, changes, finish=False)
        self.report.changes += changes


def _stored_models(schemas: Path) -> list[ModelId]:
    return find_models(schemas) if schemas.is_dir() else []


def show_progress(words: str) -> None:
    """A progress line on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{words}\x1b[K")
        sys.stderr.flush()
