"""Which models cannot be generated, and why, so that the next run repeats the message without trying again.

A failure is remembered with the hash of the model's documents, and all of them with the fingerprint of the generator. It
holds as long as both are the same; it has nothing to do with other models. The record lies beside the stamp.
"""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path

from runcomfy_codegen import errors
from runcomfy_codegen.errors import CodegenError

__all__ = ["KnownFailures"]

_RECORD = Path("__pycache__", "runcomfy-codegen.failed")
#: A model's hash of documents, and the class, place, problem and advice of the error.
_Failure = list[str]


class KnownFailures:
    """The failures of the last run of this generator over these schemas, and those of this run."""

    def __init__(self, folder: Path, generator: str, schemas: Path, *, used: bool) -> None:
        self._file = folder / _RECORD
        # Messages name files below the schemas folder, as it was given.
        self._about = {"generator": generator, "schemas": str(schemas)}
        self._stored = _read(self._file, self._about)
        self._known = dict(self._stored) if used else {}

    def of(self, model_id: str, documents: str) -> CodegenError | None:
        """Why a model with these documents, given as their hash, cannot be generated; ``None`` if that is not known."""
        failure = self._known.get(model_id)
        if failure is None or failure[0] != documents:
            return None
        _, kind, place, problem, advice = failure
        error: CodegenError = getattr(errors, kind)(place, problem, advice)
        return error

    def note(self, model_id: str, documents: str, error: CodegenError) -> None:
        """Remember a failure. ``documents`` is empty where they could not be read, which is not remembered."""
        if documents:
            kind = type(error).__name__
            self._known[model_id] = [documents, kind, error.place, error.problem, error.advice]

    def record(self, models: Container[str]) -> tuple[Path, str] | None:
        """The file to write for the next run, with its text, about these models; ``None`` if it is there already."""
        known = {one: failure for one, failure in self._known.items() if one in models}
        if known == self._stored:
            return None
        return self._file, json.dumps({**self._about, "models": known})


def _read(file: Path, about: dict[str, str]) -> dict[str, _Failure]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        models = found.pop("models")
        if found != about or not all(map(_is_failure, models.values())):
            return {}
        return dict(models)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _is_failure(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 5
        and all(isinstance(text, str) for text in value)
        and value[1] in errors.__all__
    )
