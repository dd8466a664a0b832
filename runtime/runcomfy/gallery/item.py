"""``GalleryItem``: one request as a gallery shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runcomfy.redaction import clean

if TYPE_CHECKING:
    from runcomfy.journal import Entry

__all__ = ["GalleryFile", "GalleryItem", "items_of"]

#: Characters of one text that a page shows.
LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class GalleryFile:
    """A saved file: its path, and its kind: ``image``, ``video``, ``audio`` or ``file``."""

    path: Path
    kind: str


@dataclass(frozen=True, slots=True)
class GalleryItem:
    """One request: its inputs, outcome and cost.

    ``cost`` is in US dollars and ``seconds`` is the time from submit to end; ``None`` if unknown.
    """

    key: str
    model_id: str
    state: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[GalleryFile, ...] = ()
    cost: float | None = None
    seconds: float | None = None
    created: str = ""
    request_id: str = ""
    error: str = ""

    @property
    def prompt(self) -> str:
        """The prompt: the input ``prompt``, else the longest text among the inputs."""
        texts = {name: one for name, one in self.inputs.items() if isinstance(one, str)}
        chosen = texts.get("prompt") or max(texts.values(), key=len, default="")
        return _text(chosen)

    @property
    def details(self) -> list[tuple[str, str]]:
        """The other inputs, each as one line of text."""
        rows = [(clean(name, 200), _shown(value)) for name, value in self.inputs.items()]
        return [(name, text) for name, text in rows if text != self.prompt]


def _text(value: str) -> str:
    """A text on as many lines as it has, without control characters and direction marks."""
    return "\n".join(clean(line, LONGEST) for line in value[:LONGEST].splitlines())


def _shown(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    try:
        return clean(json.dumps(value, ensure_ascii=False), LONGEST)
    except (TypeError, ValueError, RecursionError):
        return clean(repr(value), LONGEST)


def items_of(entries: Iterable[Entry]) -> Iterator[GalleryItem]:
    """The items of a journal's entries, in their order. Files that were not saved are left out."""
    for entry in entries:
        seconds = None
        if entry.ended_at is not None:
            seconds = max(0.0, (entry.ended_at - entry.claimed_at).total_seconds())
        yield GalleryItem(
            key=entry.key,
            model_id=entry.model_id,
            state=entry.state,
            inputs=entry.payload or {},
            files=tuple(
                GalleryFile(file.path, file.kind) for file in entry.files if file.path is not None
            ),
            cost=entry.cost,
            seconds=seconds,
            created=entry.claimed_at.strftime("%Y-%m-%d %H:%M:%S UTC"),
            request_id=entry.request_id or "",
            error=entry.error or "",
        )
