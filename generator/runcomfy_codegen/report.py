"""The report at the end of ``generate``: for people as text, for programs as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from .console import printable
from .diagnostics import Diagnostic
from .pipeline import PipelineResult
from .spec.model_spec import TYPED_MODELS

__all__ = ["as_dict", "as_text", "drifted"]

#: The number of written models that are listed by name.
_SHOWN = 20

_KINDS = {
    "fallback": "checked at run time by the jsonschema library",
    "documented": "documented, not checked",
    "oddity": "odd in the schema",
}


def _unchanged(generation: PipelineResult) -> list[str]:
    """The unchanged models; a failed one counts only as failed."""
    return sorted(set(generation.kept) - generation.failed.keys())


def as_dict(generation: PipelineResult, *, applied: bool) -> dict[str, Any]:
    """The report as plain data."""
    plan = generation.plan
    return {
        "package": plan.folder.name,
        "applied": applied,
        "models": {
            "written": generation.rendered,
            "unchanged": _unchanged(generation),
            "removed": generation.removed,
            "failed": {
                model_id: {"place": e.place, "problem": e.problem, "advice": e.advice}
                for model_id, e in sorted(generation.failed.items())
            },
        },
        "files": {
            "written": sorted(plan.write),
            "removed": sorted(plan.remove),
            "foreign": list(plan.foreign),
        },
        "notes": {
            model_id: [asdict(note) for note in entry.notes]
            for model_id, entry in sorted(generation.manifest.models.items())
            if entry.notes
        },
        "changes": {
            model_id: [asdict(change) for change in changes]
            for model_id, changes in sorted(generation.changes.items())
        },
    }


def as_text(generation: PipelineResult, *, check: bool, verbose: bool = False) -> str:
    """The report as lines for a terminal; whatever came from a schema is escaped.

    Remarks on models that are as they were are counted, and so are vendor words; ``verbose`` shows them all.
    """
    lines = _lines(generation, check=check, verbose=verbose)
    return "\n".join(map(printable, lines)) + "\n"


def _lines(generation: PipelineResult, *, check: bool, verbose: bool) -> Iterator[str]:
    plan = generation.plan
    yield from _all_notes(generation) if verbose else _new_notes(generation)
    yield from _changes(generation)
    for model_id, error in sorted(generation.failed.items()):
        yield f"FAILED {model_id}: {error.place}: {error.problem}"
        yield f"  {error.advice}"
    for path in plan.foreign:
        yield f"not generated, left unchanged: {path}"
    if check:
        for path in sorted(plan.write):
            yield f"differs: {path}"
        for path in plan.remove:
            yield f"orphan: {path}"
        yield _verdict(generation)
        return
    yield from _written(generation)
    counts = {
        "written": len(generation.rendered),
        "unchanged": len(_unchanged(generation)),
        "removed": len(generation.removed),
        "failed": len(generation.failed),
    }
    totals = ", ".join(
        f"{count} {word}" for word, count in counts.items() if count or word == "written"
    )
    yield f"{plan.folder.name}: models {totals}; files {len(plan.write)} written, {len(plan.remove)} removed."


def _written(generation: PipelineResult) -> Iterator[str]:
    """What is new, by where type checkers find its class; of very many models the first ones."""
    models = generation.manifest.models
    owned = Counter(entry.package for entry in models.values())
    for model_id in generation.rendered[:_SHOWN]:
        entry = models[model_id]
        module = f".{entry.module}" if owned[entry.package] > TYPED_MODELS else ""
        yield f"{model_id}: written as {entry.package}{module}.{entry.class_name}"
    if len(generation.rendered) > _SHOWN:
        yield f"… and {len(generation.rendered) - _SHOWN} more"


def _verdict(generation: PipelineResult) -> str:
    if not drifted(generation):
        return "No drift."
    if generation.plan.empty:
        return "Drift: the package contains files that were not generated; move them away."
    return "Drift: run 'runcomfy-codegen generate' with the same options."


def drifted(generation: PipelineResult) -> bool:
    """Whether the folder is not what the schemas would give: orphans and strangers included."""
    return not generation.plan.empty or bool(generation.plan.foreign)


def _all_notes(generation: PipelineResult) -> Iterator[str]:
    for model_id, entry in sorted(generation.manifest.models.items()):
        yield from _notes(model_id, entry.notes)


def _notes(model_id: str, notes: Iterable[Diagnostic]) -> Iterator[str]:
    for kind, words in _KINDS.items():
        of_kind = [note for note in notes if note.kind == kind]
        if of_kind:
            yield f"{model_id}: {words}"
        for note in of_kind:
            yield f"  {note.place or '/'}: {note.subject}: {note.text}"


def _new_notes(generation: PipelineResult) -> Iterator[str]:
    """The remarks on what was written; those on the rest, and on words of a vendor's own, as counts."""
    models = generation.manifest.models
    words: dict[str, list[str]] = {}
    for model_id in generation.rendered:
        notes = models[model_id].notes
        for note in notes:
            if note.subject.startswith("x-"):
                words.setdefault(note.subject, []).append(model_id)
        yield from _notes(model_id, [one for one in notes if not one.subject.startswith("x-")])
    for word, found in sorted(words.items()):
        places, of = _count(len(found), "place"), _count(len(set(found)), "model")
        yield f"{word}: {_KINDS['documented']}, at {places} in {of}"
    rest = [models[model_id].notes for model_id in _unchanged(generation) if models[model_id].notes]
    if rest:
        remarks, of = _count(sum(map(len, rest)), "remark"), _count(len(rest), "unchanged model")
        yield f"{remarks} on {of}; -v shows them"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _changes(generation: PipelineResult) -> Iterator[str]:
    for model_id, changes in sorted(generation.changes.items()):
        yield f"{model_id}: changed"
        for change in changes:
            yield f"  {change.kind}: {f'{change.place}: ' if change.place else ''}{change.text}"
