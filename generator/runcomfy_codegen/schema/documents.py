"""The stored documents of models, with our corrections applied."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from runcomfy_codegen.diagnostics import Diagnostic
from runcomfy_codegen.errors import SchemaError

from .model_ids import ModelId, parse_model_id
from .override_targets import missing_targets
from .page_texts import with_page_texts

__all__ = [
    "CATALOGUE_FILE",
    "DECIDED",
    "DEPRECATED_FILE",
    "OVERRIDE_MEMBERS",
    "REMOVED",
    "Documents",
    "Stored",
    "chosen_class",
    "find_models",
    "merge_patch",
    "parse_documents",
    "place_of",
    "read_stored",
    "recorded_id",
    "scan_models",
    "stored_files",
]

#: The allowed members of ``overrides.json``: patches of the three documents, and chosen names.
OVERRIDE_MEMBERS = ("input", "output", "example", "class_name", "names")

#: Real schemas nest six levels deep; deeper ones would only exhaust those who read them.
_MAX_DEPTH = 64


#: The catalogue's schema of a model that was added from a page: it defines the accepted inputs, the page the texts.
CATALOGUE_FILE = "catalogue.json"
#: Marks a deprecated model: ``{"reason": "…"}``, or ``{"renamed_to": "owner/model"}`` without schemas.
DEPRECATED_FILE = "deprecated.json"
#: Holds new documents of a model while ``add`` moves them into place. If it exists, they are the current ones.
DECIDED = ".added"
#: Ends the name of a mark in it: the document of that name is to go.
REMOVED = ".removed"

#: The stored files that a model is generated from.
_FILES = (
    "input.json", "output.json", "example.json", "overrides.json", CATALOGUE_FILE, DEPRECATED_FILE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored files of one model, as bytes."""

    model_id: ModelId
    folder: Path
    files: dict[str, bytes]

    @property
    def hash(self) -> str:
        """All files as one hash, 32 hexadecimal digits. Line ends do not count: a checkout may change them."""
        digest = hashlib.sha256()
        for name, stored in self.files.items():
            content = stored.replace(b"\r\n", b"\n")
            digest.update(f"{name} {len(content)}\n".encode())
            digest.update(content)
        return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of one model as parsed JSON, with corrections applied."""

    model_id: ModelId
    input: dict[str, Any]
    output: dict[str, Any]
    #: The example payload; ``None`` if the source had none.
    example: dict[str, Any] | None
    #: Names chosen in ``overrides.json``: of the class, and of inputs by wire name.
    class_name: str | None
    names: dict[str, str]
    #: Why the model is deprecated; empty if it is not.
    deprecated: str = ""
    #: The new id of a renamed model.
    renamed_to: ModelId | None = None
    #: Remarks on the overrides.
    remarks: tuple[Diagnostic, ...] = ()


def find_models(schemas: Path) -> list[ModelId]:
    """The ids of all models under ``schemas``, sorted: every folder with an ``input.json``, or the mark of a renamed one."""
    return list(scan_models(schemas))


def scan_models(
    schemas: Path,
    valid: Container[str] = (),
    before_listing: Callable[[str], object] = lambda _: None,
) -> dict[ModelId, frozenset[str]]:
    """The same, with the names of the files in each model's folder, so that no one has to look for them again.

    The ids in ``valid`` are not checked again. ``before_listing`` is told each folder before it is read.
    """
    if not schemas.is_dir():
        raise SchemaError(
            str(schemas), "is not a folder", "Add a model first: runcomfy-codegen add PAGE"
        )
    root = len(str(schemas)) + 1
    found: dict[str, frozenset[str]] = {}
    waiting = [str(schemas)]
    while waiting:
        folder = waiting.pop()
        before_listing(folder)
        folders, files = _listing(folder)
        waiting += [f"{folder}/{name}" for name in folders]
        if "input.json" in files or DEPRECATED_FILE in files:
            found[folder[root:]] = files
    return {
        ModelId(one) if one in valid else parse_model_id(one, str(schemas)): found[one]
        for one in sorted(found)
    }


def _listing(folder: str) -> tuple[list[str], frozenset[str]]:
    """The folders and the files in a folder. Those of editors start with a dot, which no model id does."""
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name[0] == ".":
                    if name == DECIDED:
                        files.append(name)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(name)
                else:
                    files.append(name)
    except OSError as error:
        _unreadable(error)
    return folders, frozenset(files)


def _unreadable(error: OSError) -> NoReturn:
    # Left out in silence, its models would count as removed.
    raise SchemaError(
        str(error.filename), f"cannot be read: {error.strerror}", "Make the folder readable."
    )


def place_of(folder: Path, name: str) -> Path | None:
    """Where a document of the model in ``folder`` is; ``None`` if it is about to be removed.

    After ``add`` was killed half way, what it had decided on lies in a folder inside.
    """
    decided = folder / DECIDED
    if (decided / name).is_file():
        return decided / name
    return None if (decided / f"{name}{REMOVED}").is_file() else folder / name


def recorded_id(stored: Stored) -> str:
    """The model id in ``source.json``; empty if there is none."""
    try:
        found = json.loads((stored.folder / "source.json").read_bytes())["model_id"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def read_stored(schemas: Path, model_id: ModelId, names: frozenset[str] | None = None) -> Stored:
    """Read one model's files, whose ``names`` ``scan_models`` gives; a renamed one has those of its new name.

    Raises ``SchemaError``.
    """
    stored = _read_files(schemas, model_id, names)
    seen = [model_id]
    while "input.json" not in stored.files and DEPRECATED_FILE in stored.files:
        place = schemas / seen[-1] / DEPRECATED_FILE
        target = _mark(place, stored.files[DEPRECATED_FILE])[1]
        if target is None or target in seen:
            raise SchemaError(str(place), "does not lead to a model", _REMOVE.format(model_id))
        seen.append(target)
        stored = _read_files(schemas, target)
    if len(seen) == 1:
        return stored
    if "input.json" not in stored.files:
        place = schemas / model_id / DEPRECATED_FILE
        raise SchemaError(
            str(place), f"names {seen[-1]}, which is not stored", _REMOVE.format(model_id)
        )
    mark = _read_files(schemas, model_id).files[DEPRECATED_FILE]
    if len(seen) > 2:  # renamed again since: requests go to the last name
        mark = json.dumps({**json.loads(mark), "renamed_to": seen[-1]}).encode()
    return Stored(model_id, stored.folder, {**stored.files, DEPRECATED_FILE: mark})


def stored_files(schemas: Path, model_id: ModelId, names: frozenset[str]) -> list[str]:
    """The files that a model is generated from: of a renamed one the mark only. None while ``add`` is replacing them."""
    if DECIDED in names:
        return []
    return [f"{schemas}/{model_id}/{name}" for name in _FILES if name in names]


def _read_files(schemas: Path, model_id: ModelId, names: frozenset[str] | None = None) -> Stored:
    folder = schemas / model_id
    files = {}
    decided = DECIDED in names if names is not None else (folder / DECIDED).is_dir()
    for name in _FILES:
        if names is not None and not decided and name not in names:
            continue
        file = place_of(folder, name) if decided else f"{folder}/{name}"
        if file is None:
            continue
        try:
            with open(file, "rb") as stream:  # noqa: PTH123  # a third of the time
                files[name] = stream.read()
        except FileNotFoundError:
            continue  # the input alone is enough, and it was there when the model was found
        except OSError as error:
            place = str(folder / name)
            raise SchemaError(place, f"cannot be read: {error.strerror}", _AGAIN) from None
    return Stored(model_id, folder, files)


def parse_documents(stored: Stored) -> Documents:
    """Parse the files. Raises ``SchemaError`` for invalid JSON, with file and position."""
    folder, files = stored.folder, stored.files
    documents: dict[str, Any] = {
        name.removesuffix(".json"): _parse(folder / name, files[name])
        for name in _FILES[:3]
        if name in files
    }
    if CATALOGUE_FILE in files:
        schema = _parse(folder / CATALOGUE_FILE, files[CATALOGUE_FILE])
        documents["input"] = with_page_texts(schema, documents.get("input"))
    documents.setdefault("output", {})
    overrides = _overrides(folder / "overrides.json", files.get("overrides.json"))
    remarks = missing_targets(documents, overrides)
    patch = {k: v for k, v in overrides.items() if k in ("input", "output", "example")}
    documents = merge_patch(documents, patch)
    for name in ("input", "output"):
        if not isinstance(documents.get(name), dict):
            raise SchemaError(
                f"{folder / name}.json",
                "is not a JSON object",
                "A schema is an object; see overrides.json.",
            )
    example = documents.get("example")
    reason, renamed_to, _ = _mark(folder / DEPRECATED_FILE, files.get(DEPRECATED_FILE))
    return Documents(
        stored.model_id,
        documents["input"],
        documents["output"],
        example if isinstance(example, dict) else None,
        chosen_class(stored),
        overrides.get("names", {}),
        reason,
        renamed_to,
        remarks,
    )


def _mark(path: Path, content: bytes | None) -> tuple[str, ModelId | None, str | None]:
    """The content of a deprecation mark: the reason, the new id of a renamed model, and the class name that it keeps."""
    mark = {} if content is None else _parse(path, content)
    if not isinstance(mark, dict) or not all(isinstance(text, str) for text in mark.values()):
        raise SchemaError(str(path), "is not a JSON object with string values", _advice(path))
    if "renamed_to" not in mark:
        return mark.get("reason", ""), None, None
    target = parse_model_id(mark["renamed_to"], str(path))
    return f"it is now {target}", target, mark.get("class_name")


def chosen_class(stored: Stored) -> str | None:
    """The class name that ``overrides.json`` chooses, or that a renamed model keeps. Raises ``SchemaError``."""
    path = stored.folder / DEPRECATED_FILE
    _, renamed_to, kept = _mark(path, stored.files.get(DEPRECATED_FILE))
    if renamed_to is not None:
        return kept
    name = "overrides.json"
    chosen: str | None = _overrides(stored.folder / name, stored.files.get(name)).get("class_name")
    return chosen


def merge_patch(target: Any, patch: Any) -> Any:
    """``target`` with a JSON Merge Patch (RFC 7396) applied; neither is changed.

    >>> merge_patch({"a": 1, "b": 2}, {"b": None, "c": 3})
    {'a': 1, 'c': 3}
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _overrides(path: Path, content: bytes | None) -> dict[str, Any]:
    if content is None:
        return {}
    overrides = _parse(path, content)
    advice = f"The allowed members are {', '.join(OVERRIDE_MEMBERS)}."
    if not isinstance(overrides, dict):
        raise SchemaError(str(path), "is not a JSON object", advice)
    unknown = overrides.keys() - set(OVERRIDE_MEMBERS)
    if unknown:
        raise SchemaError(
            str(path), f"holds {', '.join(sorted(unknown))}, which is not allowed", advice
        )
    names = overrides.get("names", {})
    texts = [
        overrides.get("class_name", ""),
        *(names.values() if isinstance(names, dict) else [None]),
    ]
    if not all(isinstance(text, str) for text in texts):
        raise SchemaError(str(path), "class_name and names must contain strings", advice)
    return overrides


def _parse(path: Path, content: bytes) -> Any:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SchemaError(str(path), f"is not UTF-8 at byte {error.start}", _AGAIN) from None
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite
        )
        _refuse_depth(value)
        return value
    except json.JSONDecodeError as error:
        place = f"{path}:{error.lineno}:{error.colno}"
        raise SchemaError(place, f"is not valid JSON: {error.msg}", _advice(path)) from None
    except RecursionError:
        raise SchemaError(str(path), "is nested too deeply", _advice(path)) from None
    except ValueError as error:
        raise SchemaError(str(path), str(error), _advice(path)) from None


_AGAIN = "Add the model again: runcomfy-codegen add PAGE"
_REMOVE = "Add that model, or remove this one: runcomfy-codegen remove '{}'"


def _advice(path: Path) -> str:
    return "Correct the file." if path.name == "overrides.json" else _AGAIN


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(f"contains the member {name!r} twice")
        members[name] = value
    return members


def _refuse(constant: str) -> Any:
    raise ValueError(f"contains {constant}, which is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"contains {number[:40]}, which is too large for a number")
    return value


def _refuse_depth(value: object) -> None:
    level, parts = 0, [value]
    while parts:
        level += 1
        if level > _MAX_DEPTH:
            raise ValueError(f"is nested more than {_MAX_DEPTH} levels deep")
        parts = [
            inner
            for part in parts
            if isinstance(part, (dict, list))
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
