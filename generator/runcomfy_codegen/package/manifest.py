"""The manifest of a generated package: its generated files, and the documents of each model.

It lies in the package as ``_manifest.json``. It makes a second run touch only what changed, and it is how files
of removed models are distinguished from files that someone else put there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runcomfy.model import FORMAT
from runcomfy_codegen.diagnostics import Diagnostic
from runcomfy_codegen.spec.names import Identifier

__all__ = ["NAME", "Manifest", "ManifestEntry"]

NAME = "_manifest.json"


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """The record of a generated model."""

    documents: str
    package: str
    module: str
    #: The names that the module gives; the request class comes first.
    exports: tuple[str, ...]
    notes: tuple[Diagnostic, ...] = ()
    #: The Python names of inputs that overrides.json chose, by wire name.
    names: dict[str, str] = field(default_factory=dict)

    @property
    def class_name(self) -> str:
        """The request class."""
        return self.exports[0]

    @property
    def place(self) -> tuple[object, ...]:
        """The part of the package's own modules that is about the model."""
        return self.package, self.module, self.exports

    def as_dict(self) -> dict[str, object]:
        """The entry as plain data, without empty members."""
        data = {
            "documents": self.documents,
            "package": self.package,
            "module": self.module,
            "exports": self.exports,
            "notes": [[note.place, note.kind, note.subject, note.text] for note in self.notes],
            "names": self.names,
        }
        return {name: value for name, value in data.items() if value}


@dataclass(slots=True)
class Manifest:
    """The record of the last run; empty if there was none."""

    models: dict[str, ManifestEntry] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    #: The format of the modules, (major, minor); (0, 0) if unknown.
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
        """The manifest as it is stored: sorted, a line for each entry, without dates or paths of this machine."""
        models = {model_id: entry.as_dict() for model_id, entry in self.models.items()}
        parts = {
            "format": json.dumps(self.format),
            "models": _lines(models),
            "files": _lines(self.files),
        }
        return "{\n" + ",\n".join(f' "{name}": {part}' for name, part in parts.items()) + "\n}\n"


def _lines(members: Mapping[str, object]) -> str:
    lines = (f"  {json.dumps(name)}: {json.dumps(members[name])}" for name in sorted(members))
    return "{\n" + ",\n".join(lines) + "\n }"


def _entry(data: dict[str, Any]) -> ManifestEntry:
    # Paths are made of these two: whatever is no identifier makes the manifest unreadable.
    package, module = Identifier(data["package"]), Identifier(data["module"])
    first, *others = map(Identifier, data["exports"])
    notes = tuple(_note(note) for note in data.get("notes", ()))
    return ManifestEntry(
        str(data["documents"]),
        package,
        module,
        (first, *others),
        notes,
        dict(data.get("names", {})),
    )


def _note(data: list[str] | dict[str, str]) -> Diagnostic:
    return (
        Diagnostic(**data) if isinstance(data, dict) else Diagnostic(*data)
    )  # older ones are dicts
