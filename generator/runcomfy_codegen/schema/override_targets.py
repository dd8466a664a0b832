"""Finding overrides whose target does not exist, such as a misspelt name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runcomfy_codegen.diagnostics import Diagnostic

from .keywords import step

__all__ = ["missing_targets"]

_PATCHES = ("input", "output", "example")


def missing_targets(
    documents: Mapping[str, Any], overrides: Mapping[str, Any]
) -> tuple[Diagnostic, ...]:
    """A remark on each member of the patches that has no counterpart in the stored documents.

    What a patch adds to a part that is there, such as a title, is no mistake; a new input or a part inside of
    something that is not there may be one.
    """
    return tuple(
        Diagnostic(place, "oddity", name, text)
        for document in _PATCHES
        if isinstance(overrides.get(document), dict)
        for place, name, text in _missing(
            documents.get(document, {}), overrides[document], step("overrides.json", document)
        )
    )


def _missing(stored: object, patch: dict[str, Any], place: str) -> Iterator[tuple[str, str, str]]:
    known = stored if isinstance(stored, dict) else {}
    for name, value in patch.items():
        inner = step(place, name)
        if name in known:
            if isinstance(value, dict) and isinstance(known[name], dict):
                yield from _missing(known[name], value, inner)
        elif value is None:
            yield inner, name, "removes something that the stored document does not contain"
        elif isinstance(value, dict):
            yield inner, name, "is not in the stored document; the override adds it"
