"""``runcomfy-codegen add``: from saved pages to stored schemas.

Every source is read and checked before anything is written; one fault, and nothing is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from runcomfy_codegen.console import printable, show
from runcomfy_codegen.errors import CodegenError, SourceError
from runcomfy_codegen.ingest.page import Page
from runcomfy_codegen.ingest.sources import MAX_BYTES, Fetch, GatheredSources, gather_sources
from runcomfy_codegen.ingest.store import StoreChange, commit, plan
from runcomfy_codegen.schema.model_ids import parse_model_id

from .page_choice import choose, is_preferred
from .urls import is_url

__all__ = ["AddOptions", "run"]


@dataclass(frozen=True, slots=True)
class AddOptions:
    """The options of ``add``."""

    sources: Sequence[str]
    schemas: str
    model_id: str | None = None
    prefer: Sequence[str] = ()
    as_json: bool = False
    #: Places inside from which pages may be fetched, as ``host:port``.
    allow_hosts: Sequence[str] = ()
    #: Whether good pages are stored although others are bad.
    keep_going: bool = False


def run(options: AddOptions) -> list[CodegenError]:
    """Add the sources and report. Returns what is wrong with them; then nothing was written, unless ``keep_going``."""
    root = Path(options.schemas)
    gathered, changes, faults = _prepare(options, root)
    if not faults or options.keep_going:
        try:
            commit(root, changes)
        except CodegenError as fault:
            faults, changes = [*faults, fault], []
    else:
        changes = []
    if options.as_json:
        show(json.dumps(_as_json(gathered, changes, faults), indent=2), sys.stdout)
    else:
        _report(gathered, changes, faults)
    return faults


def _prepare(
    options: AddOptions, root: Path
) -> tuple[GatheredSources, list[StoreChange], list[CodegenError]]:
    """The outcome of everything before writing: the pages, the changes, and all faults."""
    try:
        given = None if options.model_id is None else parse_model_id(options.model_id, "--model-id")
    except SourceError as fault:
        return GatheredSources(), [], [fault]
    gathered = gather_sources(options.sources, given, _fetcher(options))
    faults: list[CodegenError] = [*gathered.faults]
    if not faults:
        faults.extend(_unmatched(options.prefer, gathered.pages))
    changes: list[StoreChange] = []
    for choice in choose(gathered.pages, options.prefer):
        try:
            changes.append(plan(root, choice))
        except CodegenError as fault:
            faults.append(fault)
        except (OSError, ValueError) as error:  # a NUL in the name
            faults.append(_bad_root(options.schemas, error))
            break
    return gathered, changes, faults


def _fetcher(options: AddOptions) -> Fetch | None:
    """What fetches URLs; ``None`` if there are none, since its libraries take their time."""
    if not any(map(is_url, options.sources)):
        return None
    from .web import WebReader

    return WebReader(options.allow_hosts, MAX_BYTES).fetch


def _unmatched(preferred: Sequence[str], pages: Sequence[Page]) -> Iterable[SourceError]:
    names = ", ".join(dict.fromkeys(page.document.name for page in pages))
    for name in preferred:
        if not any(is_preferred(page, [name]) for page in pages):
            yield SourceError(
                f"--prefer {name}", "none of the pages read has this name", f"Pages read: {names}."
            )


def _bad_root(name: str, error: Exception) -> SourceError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SourceError(
        f"--schemas {name}",
        f"cannot be used: {reason}",
        "Choose a folder to store the schemas in.",
    )


def _report(
    gathered: GatheredSources, changes: Sequence[StoreChange], faults: Sequence[CodegenError]
) -> None:
    for place, reason in gathered.skipped:
        show(f"skipped    {printable(place)}: {reason}", sys.stdout)
    for change in changes:
        for line in _lines(change):
            show(line, sys.stdout)
    for fault in faults:
        show(f"error: {printable(fault.place)}: {printable(fault.problem)}", sys.stderr)
        show(f"       {printable(fault.advice)}", sys.stderr)
    if faults and not changes:
        show("Nothing was written.", sys.stderr)


def _lines(change: StoreChange) -> Iterable[str]:
    page, indent = change.choice.page, " " * 11
    name = printable(page.document.name)
    yield f"{change.verdict:<10} {page.model_id}  from {name}"
    if change.reason:
        yield f"{indent}{printable(change.reason)}"
    if change.verdict == "kept":
        yield f"{indent}to use it anyway: --prefer {name}"
    for other, reason in change.choice.passed_over:
        yield f"{indent}{printable(other.document.name)} was not used: {printable(reason)}"
    for removed in change.removes:
        yield f"{indent}{removed} was removed: this page does not contain it"
    for note in page.notes:
        yield f"{indent}note: {note}"


def _as_json(
    gathered: GatheredSources, changes: Sequence[StoreChange], faults: Sequence[CodegenError]
) -> dict[str, object]:
    lists: dict[str, list[object]] = {"written": [], "unchanged": [], "kept": []}
    for change in changes:
        key = change.verdict if change.verdict in lists else "written"
        lists[key].append(_change_as_json(change))
    return {
        **lists,
        "skipped": [{"place": place, "reason": reason} for place, reason in gathered.skipped],
        "errors": [
            {"place": fault.place, "problem": fault.problem, "advice": fault.advice}
            for fault in faults
        ],
    }


def _change_as_json(change: StoreChange) -> dict[str, object]:
    page = change.choice.page
    return {
        "model_id": page.model_id,
        "document": page.document.name,
        "verdict": change.verdict,
        "reason": change.reason,
        "files": sorted(change.writes),
        "removed": list(change.removes),
        "passed_over": [
            {"document": other.document.name, "reason": reason}
            for other, reason in change.choice.passed_over
        ],
        "notes": list(page.notes),
    }
