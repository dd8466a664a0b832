"""A folder of schemas on disk or in a git revision."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from runcomfy_codegen.errors import CodegenError, Misuse
from runcomfy_codegen.ingest.store import parse_record
from runcomfy_codegen.schema.documents import (
    Documents,
    Stored,
    find_models,
    parse_documents,
    read_stored,
)
from runcomfy_codegen.schema.inputs import gather_inputs
from runcomfy_codegen.schema.model_ids import ModelId
from runcomfy_codegen.spec import names

__all__ = ["ModelVersion", "SchemaSet", "at_revision", "read_schemas"]


@dataclass(frozen=True)
class ModelVersion:
    """One model in a folder of schemas."""

    stored: Stored
    #: What the catalogue says beside the schema, and the mark of a model on its way out.
    facts: dict[str, Any]
    mark: dict[str, Any]

    @cached_property
    def documents(self) -> Documents:
        """Its documents, corrections applied. Raises ``SchemaError``."""
        return parse_documents(self.stored)

    @property
    def schemas(self) -> dict[str, Any]:
        """Input and output schema, as ``compare`` takes them."""
        return {"input": self.documents.input, "output": self.documents.output}

    @property
    def class_name(self) -> str:
        """The request class."""
        return self.documents.class_name or names.class_name(self.stored.model_id)

    @property
    def input_names(self) -> dict[str, str]:
        """Wire name -> Python name."""
        inputs = gather_inputs(self.documents.input).schema.get("properties", {})
        chosen = self.documents.names
        return {wire: chosen.get(wire, names.input_name(wire)) for wire in inputs}


@dataclass(frozen=True, slots=True)
class SchemaSet:
    """All models in a folder of schemas; ``name`` is what the user called it."""

    name: str
    models: dict[ModelId, ModelVersion]


def read_schemas(folder: Path, name: str) -> SchemaSet:
    """The models in a folder. Raises ``SchemaError``."""
    return SchemaSet(name, {one: _read(folder, one) for one in find_models(folder)})


def _read(folder: Path, model_id: ModelId) -> ModelVersion:
    stored = read_stored(folder, model_id)
    files = {name: folder / model_id / name for name in ("source.json", "deprecated.json")}
    record, mark = (
        parse_record(file.read_bytes() if file.is_file() else None) for file in files.values()
    )
    facts = record.get("catalogue")
    return ModelVersion(stored, facts if isinstance(facts, dict) else {}, mark)


@contextmanager
def at_revision(schemas: Path, revision: str) -> Iterator[Path]:
    """The schemas folder as it was in a revision of git, laid out in a temporary folder.

    Raises ``Misuse`` if there is no such revision, or the folder was not in it.
    """
    commit = _git(
        schemas, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if commit is None:
        raise Misuse(
            revision,
            "is neither a folder nor a git revision",
            f"Pass a folder of schemas, or a revision of the repository that contains {schemas}.",
        )
    archive = _git(schemas, "archive", "--format=tar", commit.decode().strip())
    if archive is None:
        raise Misuse(revision, f"does not contain the folder {schemas}", "Pass another revision.")
    with tempfile.TemporaryDirectory(prefix="runcomfy-codegen-") as folder:
        _lay_out(archive, Path(folder))
        yield Path(folder)


def _lay_out(archive: bytes, folder: Path) -> None:
    """The plain files of an archive, below a folder; links and whatever would leave it are left out."""
    root = folder.resolve()
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        for member in tar:
            file = (root / member.name).resolve()
            content = tar.extractfile(member) if member.isfile() else None
            if content and file.is_relative_to(root):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.read())


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What a command of git prints about the repository of a folder; ``None`` if it fails."""
    # From the folder that is there still, so that a revision can be asked for a folder that is gone.
    try:
        done = subprocess.run(  # noqa: S603  # the command is fixed, and what the user names is an argument
            ["git", "-C", str(folder), *arguments],  # noqa: S607  # the git of the user's path
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise CodegenError(
            "git", f"cannot be run: {error.strerror}", "Install git, or compare two folders."
        ) from None
    return None if done.returncode else done.stdout
