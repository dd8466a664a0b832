"""The manifest of a generated package: which files are ours, from which documents each model came.

It lies in the package as ``_manifest.json``. It makes a second run touch only what changed, and it is how files
of models that are gone are told from files that somebody else put there.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from runcomfy import wording
from runcomfy.media import bounds, formats, metrics

from .names import Identifier
from .notes import Note
from .template_files import templates_folder

__all__ = ["FORMAT", "Manifest", "ModelEntry", "digest", "fingerprint"]

NAME = "_manifest.json"

#: The major format of what is generated; the runtime refuses another one (``runcomfy.model.require_format``).
FORMAT = 3


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """What is remembered of a generated model."""

    documents: str
    package: str
    module: str
    class_name: str
    exports: tuple[str, ...]
    notes: tuple[Note, ...] = ()
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

    generator: str = ""
    models: dict[str, ModelEntry] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    #: The format of the modules; 0 where it is not known.
    format: int = FORMAT

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in a package's folder; an unreadable one counts as none."""
        try:
            data = json.loads((folder / NAME).read_text(encoding="utf-8"))
            models = {model_id: _entry(entry) for model_id, entry in data["models"].items()}
            files, written = dict(data["files"]), int(data.get("format", 0))
            return cls(str(data["generator"]), models, files, written)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls()

    def text(self) -> str:
        """The manifest as it is stored: sorted, without dates or paths of this machine."""
        data = {
            "format": self.format,
            "generator": self.generator,
            "models": {
                model_id: entry.as_dict() for model_id, entry in sorted(self.models.items())
            },
            "files": dict(sorted(self.files.items())),
        }
        return json.dumps(data, indent=2, ensure_ascii=True) + "\n"


def _entry(data: dict[str, Any]) -> ModelEntry:
    notes = tuple(Note(**note) for note in data["notes"])
    exports = tuple(map(Identifier, data["exports"]))
    # Paths are made of these two: whatever is no identifier makes the manifest unreadable.
    package, module = Identifier(data["package"]), Identifier(data["module"])
    names = dict(data.get("names", {}))  # older packages have none
    given = {
        "package": package, "module": module, "exports": exports, "notes": notes, "names": names,
    }  # fmt: skip
    return ModelEntry(**{**data, **given})


def digest(text: str) -> str:
    """The sha256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def fingerprint() -> str:
    """The generator as one hash: its sources, its templates, and the tools that shape the output."""
    here = Path(__file__).resolve().parent
    files = [*here.glob("*.py"), *templates_folder().rglob("*.ji*")]
    # These of the runtime give the words of violations, and say which file rules can be checked.
    told = (wording.__file__, metrics.__file__, bounds.__file__, formats.__file__)
    files += map(Path, told)
    texts = sorted(file.read_text(encoding="utf-8") for file in files)
    tools = map(version, ("datamodel-code-generator", "jinja2", "jsonschema", "ruff"))
    return digest("\0".join([*texts, *tools]))
