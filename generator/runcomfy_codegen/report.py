"""The report at the end of ``generate``: for people as text, for programs as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from .console import printable
from .pipeline import Generation

__all__ = ["as_dict", "as_text", "drifted"]

#: Models that are told by name when they were written.
_SHOWN = 20

_KINDS = {
    "fallback": "checked at run time by the jsonschema library",
    "documented": "documented, not checked",
    "oddity": "odd in the schema itself",
}


def _unchanged(generation: Generation) -> list[str]:
    """The models that are as they were; one that failed is told as that alone."""
    return sorted(set(generation.kept) - generation.failed.keys())


def as_dict(generation: Generation, *, applied: bool) -> dict[str, Any]:
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


def as_text(generation: Generation, *, check: bool) -> str:
    """The report as lines for a terminal; whatever came from a schema is escaped."""
    return "\n".join(map(printable, _lines(generation, check=check))) + "\n"


def _lines(generation: Generation, *, check: bool) -> Iterator[str]:
    plan = generation.plan
    yield from _notes(generation)
    yield from _changes(generation)
    for model_id, error in sorted(generation.failed.items()):
        yield f"FAILED {model_id}: {error.place}: {error.problem}"
        yield f"  {error.advice}"
    for path in plan.foreign:
        yield f"not generated, left alone: {path}"
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
    told = ", ".join(
        f"{count} {word}" for word, count in counts.items() if count or word == "written"
    )
    yield f"{plan.folder.name}: models {told}; files {len(plan.write)} written, {len(plan.remove)} removed."


def _written(generation: Generation) -> Iterator[str]:
    """What is new, by its class; of very many models the first ones."""
    for model_id in generation.rendered[:_SHOWN]:
        entry = generation.manifest.models[model_id]
        yield f"{model_id}: written as {entry.package}.{entry.class_name}"
    if len(generation.rendered) > _SHOWN:
        yield f"… and {len(generation.rendered) - _SHOWN} more"


def _verdict(generation: Generation) -> str:
    if not drifted(generation):
        return "No drift."
    if generation.plan.empty:
        return "Drift: the package holds files that were not generated; move them away."
    return "Drift: run 'runcomfy-codegen generate' with the same options."


def drifted(generation: Generation) -> bool:
    """Whether the folder is not what the schemas would give: orphans and strangers included."""
    return not generation.plan.empty or bool(generation.plan.foreign)


def _notes(generation: Generation) -> Iterator[str]:
    for model_id, entry in sorted(generation.manifest.models.items()):
        for kind, words in _KINDS.items():
            notes = [note for note in entry.notes if note.kind == kind]
            if notes:
                yield f"{model_id}: {words}"
            for note in notes:
                yield f"  {note.place or '/'}: {note.subject}: {note.text}"


def _changes(generation: Generation) -> Iterator[str]:
    for model_id, changes in sorted(generation.changes.items()):
        yield f"{model_id}: changed"
        for change in changes:
            yield f"  {change.kind}: {f'{change.place}: ' if change.place else ''}{change.text}"
