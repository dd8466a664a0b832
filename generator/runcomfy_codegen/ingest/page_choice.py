"""Choosing the best of several pages of one model, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from runcomfy_codegen.ingest.page import Page
from runcomfy_codegen.ingest.quality import PLACEHOLDER, Quality
from runcomfy_codegen.schema.model_ids import ModelId

__all__ = ["Choice", "choose", "shortfalls"]

#: What a page lacks when a field of its quality is false.
_SHORTFALLS: Final = {
    "has_output": "has no output schema",
    "has_example": "has no example payload",
    "free_of_placeholders": f"shows placeholder keys ({PLACEHOLDER}…) instead of texts",
    "english": "is not in English",
    "titled": "is in catalogue form, without titles",
    "rendered": "is not the fully rendered page",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The page that was taken for a model, and those that were not, each with the reason."""

    page: Page
    #: Whether the user named it, so that it replaces any stored page.
    preferred: bool
    passed_over: tuple[tuple[Page, str], ...]


def choose(pages: Iterable[Page], preferred: Sequence[str] = ()) -> list[Choice]:
    """One page for each model, by model id; ``preferred`` names documents that win regardless."""
    by_model: dict[ModelId, list[Page]] = {}
    for page in pages:
        by_model.setdefault(page.model_id, []).append(page)
    return [_choose(by_model[model_id], preferred) for model_id in sorted(by_model)]


def _choose(pages: Sequence[Page], preferred: Sequence[str]) -> Choice:
    wanted = [page for page in pages if is_preferred(page, preferred)]
    best = max(wanted or pages, key=lambda page: page.quality)  # the first of equals
    others = [page for page in pages if page is not best]
    return Choice(
        page=best,
        preferred=bool(wanted),
        passed_over=tuple((page, _why(best, page, bool(wanted))) for page in others),
    )


def is_preferred(page: Page, preferred: Sequence[str]) -> bool:
    """Whether ``--prefer`` names the page's document, with its folder or without."""
    return page.document.name in preferred or page.document.place in preferred


def _why(best: Page, other: Page, preferred: bool) -> str:
    if preferred and other.quality >= best.quality:
        return f"--prefer selects {best.document.name}"
    if reasons := shortfalls(other.quality, best.quality):
        return f"it {reasons}"
    if (best.input, best.output, best.example) == (other.input, other.output, other.example):
        return "it has the same content"
    return "it is equally good and was listed later"


def shortfalls(worse: Quality, better: Quality) -> str:
    """What the worse page lacks and the better one has, as the end of a sentence."""
    missing = [
        text
        for name, text in _SHORTFALLS.items()
        if getattr(better, name) and not getattr(worse, name)
    ]
    return " and ".join(filter(None, [", ".join(missing[:-1]), *missing[-1:]]))
