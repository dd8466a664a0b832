"""The manifest of a generated package: which files are ours, from which documents each model came.

It lies in the package as ``_manifest.json``. It makes a second run touch only what changed, and it is how files
of models that are gone are told from files that somebody else put there.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runcomfy.model import FORMAT
from runcomfy_codegen.diagnostics import Diagnostic
from runcomfy_codegen.spec.names import Identifier

__all__ = ["NAME", "Manifest", "ManifestEntry"]

NAME = "_manifest.json"


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """What is remembered of a generated model."""

    documents: str
    package: str
    module: str
    class_name: str
    exports: tuple[str, ...]
    notes: tuple[Diagnostic, ...] = ()
    #: The Python names of inputs that overrides.json chose, by wire name.
    names: dict[str, str] = field(default_factory=dict)
    #: A hash of the page's example; ``None`` in older packages.
    example: str | None = None

    @property
    def place(self) -> tuple[object, ...]:
        """What the package's own modules tell of the model."""
        return self.package, self.module, self.class_name, self.exports

    def as_dict(self) -> dict[str, object]:
        """The entry as plain data."""
        return {
            "documents": self.documents,
            "package": self.package,
            "module": self.module,
            "class_name": self.class_name,
            "exports": self.exports,
            "notes": [asdict(note) for note in self.notes],
            "names": self.names,
            "example": self.example,
        }


@dataclass(slots=True)
class Manifest:
    """What was generated last time; empty where nothing was."""

    models: dict[str, ManifestEntry] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    #: The format of the modules, (major, minor); (0, 0) where it is not known.
    format: tuple[int, int] = FORMAT

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in a package's folder; an unreadable one counts as none."""
        try:
            data = json.loads((folder / NAME).read_text(encoding="utf-8"))
            models = {model_id: _entry(entry) for model_id, entry in data["models"].items()}
            major, minor = data["format"]
            files, written = dict(data["files"]), (int(major), int(minor))
            return cls(models, files, written)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls()

    def text(self) -> str:
        """The manifest as it is stored: sorted, without dates or paths of this machine."""
        data = {
            "format": list(self.format),
            "models": {
                model_id: entry.as_dict() for model_id, entry in sorted(self.models.items())
            },
            "files": dict(sorted(self.files.items())),
        }
        return json.dumps(data, indent=2, ensure_ascii=True) + "\n"


def _entry(data: dict[str, Any]) -> ManifestEntry:
    notes = tuple(Diagnostic(**note) for note in data["notes"])
    exports = tuple(map(Identifier, data["exports"]))
    # Paths are made of these two: whatever is no identifier makes the manifest unreadable.
    package, module = Identifier(data["package"]), Identifier(data["module"])
    names = dict(data.get("names", {}))  # older packages have none
    given = {
        "package": package, "module": module, "exports": exports, "notes": notes, "names": names,
    }  # fmt: skip
    return ManifestEntry(**{**data, **given})
