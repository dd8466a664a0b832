"""``Cursor``: the progress of a pull, stored next to the schemas until it is complete."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from runcomfy_codegen.schema.folder_lock import locked

__all__ = ["Cursor"]

_NAME: Final = ".pull.json"
#: Entries that are read once more: the catalogue may have become shorter since.
_OVERLAP: Final = 10


@dataclass(slots=True)
class Cursor:
    """The position and findings of a pull with this ``question``."""

    file: Path
    question: Mapping[str, Any]
    offset: int = 0
    #: The ids that are in the catalogue.
    seen: set[str] = field(default_factory=set)
    #: Name and reason of an unusable entry.
    unusable: dict[str, str] = field(default_factory=dict)
    #: So many entries from ``offset`` on were read before.
    overlap: int = 0

    @classmethod
    def load(cls, root: Path, question: Mapping[str, Any], *, restart: bool) -> Cursor:
        """The cursor of an interrupted pull with the same question, or a new one."""
        cursor = cls(root / _NAME, question)
        try:
            data = json.loads(cursor.file.read_text(encoding="utf-8"))
            if restart or data["question"] != question:
                return cursor
            offset, seen, unusable = data["offset"], data["seen"], data["unusable"]
            cursor.offset = max(0, int(offset) - _OVERLAP)
            cursor.overlap = int(offset) - cursor.offset
            cursor.seen, cursor.unusable = set(map(str, seen)), dict(unusable)
        except (OSError, ValueError, KeyError, TypeError):
            return cls(root / _NAME, question)
        return cursor

    def fits(self, names: Sequence[str]) -> bool:
        """Whether the entries from ``offset`` on are those that were there before: ``names`` are those of a page."""
        return not self.overlap or (bool(names) and self.seen.issuperset(names[: self.overlap]))

    def restart(self) -> None:
        """Forget all progress."""
        self.offset = self.overlap = 0
        self.seen, self.unusable = set(), {}

    def save(self) -> None:
        """Save the cursor, after everything it lists is on disk."""
        data = {
            "question": self.question,
            "offset": self.offset,
            "seen": sorted(self.seen),
            "unusable": self.unusable,
        }
        self.file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.file.with_suffix(".tmp")
        with locked(self.file.parent):
            temporary.write_text(json.dumps(data) + "\n", encoding="utf-8")
            temporary.replace(self.file)

    def done(self) -> None:
        """Remove the cursor of a complete pull."""
        self.file.unlink(missing_ok=True)
