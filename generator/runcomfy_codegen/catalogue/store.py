"""The changes that a pulled model makes to its folder under ``schemas/``.

A model from the catalogue has the catalogue's schema as its ``input.json``. A model from a page keeps the page's texts and
output schema; the catalogue's schema is stored next to them as ``catalogue.json`` and defines the accepted inputs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from runcomfy_codegen.errors import SourceError
from runcomfy_codegen.ingest.store import model_folder, parse_record, record_bytes, sha256_of
from runcomfy_codegen.schema.documents import CATALOGUE_FILE, DEPRECATED_FILE
from runcomfy_codegen.schema.model_ids import ModelId

from .entries import CatalogueModel

__all__ = ["FolderChange", "deprecate", "forget", "is_marked_vanished", "plan_model"]

_FILES: Final = ("input.json", "output.json", "source.json", CATALOGUE_FILE, DEPRECATED_FILE)
#: Why a model is deprecated that the catalogue does not have any longer.
VANISHED: Final = "it is no longer in the catalogue"

Verdict = Literal["added", "updated", "unchanged", "deprecated", "removed"]


@dataclass(frozen=True, slots=True)
class FolderChange:
    """The change of one model's folder."""

    model_id: ModelId
    verdict: Verdict
    folder: Path
    #: The bytes to write, by file name.
    writes: Mapping[str, bytes]
    removes: tuple[str, ...] = ()
    #: A summary of the change.
    words: str = ""


def plan_model(root: Path, model: CatalogueModel) -> FolderChange:
    """Plan the changes for a pulled model under ``root``, without writing. Raises ``CannotWrite``."""
    folder = model_folder(root, model.model_id, f"catalogue: {model.model_id}")
    stored = _stored(folder)
    if "renamed_to" in parse_record(stored.get(DEPRECATED_FILE)):
        return FolderChange(model.model_id, "unchanged", folder, {})
    record = parse_record(stored.get("source.json"))
    other = record.get("model_id", model.model_id)
    if other != model.model_id:
        raise SourceError(
            f"catalogue: {model.model_id}",
            f"its folder already contains {other!r}",
            "Ids that differ only in case need a case-sensitive file system.",
        )
    page_born = "input.json" in stored and record.get("dialect") != "catalogue"
    schema = model.input.encode("utf-8")
    wanted = {CATALOGUE_FILE if page_born else "input.json": schema}
    if model.output is not None and not (page_born and "output.json" in stored):
        wanted["output.json"] = model.output.encode("utf-8")
    if not page_born:
        record = _record(model)
    wanted["source.json"] = record_bytes(
        {"model_id": model.model_id, **record, "catalogue": model.facts}
    )
    writes = {name: data for name, data in wanted.items() if stored.get(name) != data}
    removes = () if page_born or CATALOGUE_FILE not in stored else (CATALOGUE_FILE,)
    if _is_vanished(stored.get(DEPRECATED_FILE)):
        removes = (*removes, DEPRECATED_FILE)
    verdict: Verdict = "added" if "input.json" not in stored else "updated"
    if not writes and not removes:
        verdict = "unchanged"
    words = _words(writes, stored, removes) if verdict == "updated" else ""
    return FolderChange(model.model_id, verdict, folder, writes, removes, words)


def deprecate(root: Path, model_id: ModelId) -> FolderChange | None:
    """What marks a model that vanished from the catalogue; ``None`` if it is marked or never was in it."""
    folder = model_folder(root, model_id, model_id)
    stored = _stored(folder)
    if DEPRECATED_FILE in stored or not _from_catalogue(stored.get("source.json")):
        return None
    mark = record_bytes({"reason": VANISHED})
    return FolderChange(model_id, "deprecated", folder, {DEPRECATED_FILE: mark}, words=VANISHED)


def forget(root: Path, model_id: ModelId) -> FolderChange:
    """What removes a model: every file that is stored for it, ``overrides.json`` included."""
    folder = model_folder(root, model_id, model_id)
    names = (*_FILES, "example.json", "overrides.json")
    there = tuple(name for name in names if (folder / name).is_file())
    return FolderChange(model_id, "removed", folder, {}, there)


def _from_catalogue(record: bytes | None) -> bool:
    """Whether a pull has met the model before, by its ``source.json``."""
    return isinstance(parse_record(record).get("catalogue"), dict)


def is_marked_vanished(root: Path, model_id: ModelId) -> bool:
    """Whether a stored model is marked as gone from the catalogue."""
    file = model_folder(root, model_id, model_id) / DEPRECATED_FILE
    return file.is_file() and _is_vanished(file.read_bytes())


def _is_vanished(mark: bytes | None) -> bool:
    """Whether a ``deprecated.json`` says that the model vanished from the catalogue."""
    return parse_record(mark).get("reason") == VANISHED


def _stored(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in _FILES if (folder / name).is_file()}


def _record(model: CatalogueModel) -> dict[str, object]:
    return {
        "model_id": model.model_id,
        "document": "catalogue",
        "sha256": sha256_of(model.input),
        "form": "text",
        "dialect": "catalogue",
        "texts": asdict(model.texts),
    }


def _words(
    writes: Mapping[str, bytes], stored: Mapping[str, bytes], removes: tuple[str, ...]
) -> str:
    words = [
        word
        for word, names in (("schema", {"input.json", CATALOGUE_FILE}), ("output", {"output.json"}))
        if names & writes.keys()
    ]
    if "source.json" in writes:
        words += _facts_changed(stored.get("source.json"), writes["source.json"])
    if DEPRECATED_FILE in removes:
        words.append("back in the catalogue")
    return ", ".join(words)


def _facts_changed(old: bytes | None, new: bytes) -> list[str]:
    before, after = (parse_record(one).get("catalogue") for one in (old, new))
    was: dict[str, Any] = before if isinstance(before, dict) else {}
    now: dict[str, Any] = after if isinstance(after, dict) else {}
    changed = [
        name for name in (*was, *(now.keys() - was.keys())) if was.get(name) != now.get(name)
    ]
    price = "base_price_usd"
    if price in changed and was:
        changed[changed.index(price)] = (
            f"price {json.dumps(was.get(price))} to {json.dumps(now.get(price))}"
        )
    return sorted(changed) if was else ["catalogue metadata"]
