"""The folder of a model under ``schemas/``: planning and writing changes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from runcomfy_codegen.errors import CannotWrite, SourceError
from runcomfy_codegen.ingest.page import Page
from runcomfy_codegen.ingest.quality import PLACEHOLDER, Quality, Texts, dialect_of
from runcomfy_codegen.schema.documents import CATALOGUE_FILE, place_of
from runcomfy_codegen.schema.folder_lock import locked
from runcomfy_codegen.schema.model_ids import ModelId

from .page_choice import Choice, shortfalls
from .replacement import Replacement, finish_all

__all__ = [
    "StoreChange",
    "Verdict",
    "commit",
    "model_folder",
    "parse_record",
    "plan",
    "record_bytes",
    "sha256_of",
    "source_record",
]

Verdict = Literal["added", "updated", "unchanged", "kept"]

#: The files that a page becomes, the record last: where it stands, the others are complete.
_FILES: Final = ("input.json", "output.json", "example.json", "source.json")

_EXTRACTED: Final = (
    "the JSON files are exact substrings of the text extracted from the HTML: entities decoded, "
    "tags dropped, line numbers, scripts and styles skipped"
)


@dataclass(frozen=True, slots=True)
class StoreChange:
    """What adding a page does to the folder of its model."""

    choice: Choice
    verdict: Verdict
    folder: Path
    #: The bytes to write, by file name; empty unless added or updated.
    writes: Mapping[str, bytes]
    #: Files of an older page that the new one does not have.
    removes: tuple[str, ...] = ()
    #: Why a stored page was kept, or replaced by a worse one.
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Stored:
    """The existing content of a model's folder."""

    files: Mapping[str, bytes]
    document: str
    quality: Quality


def plan(root: Path, choice: Choice) -> StoreChange:
    """What would change under ``root``; nothing is written."""
    page = choice.page
    folder = model_folder(root, page.model_id, page.document.place)
    stored = _read_stored(folder, page)
    record = parse_record(stored.files.get("source.json")) if stored else {}
    facts = {"catalogue": record["catalogue"]} if "catalogue" in record else {}
    wanted = _files_of(page, facts)
    if stored is None:
        return StoreChange(choice, "added", folder, wanted)
    if stored.files == wanted:
        return StoreChange(choice, "unchanged", folder, {})
    lacks = shortfalls(page.quality, stored.quality) if page.quality < stored.quality else ""
    reason = f"the stored page ({stored.document}) is better: this one {lacks}" if lacks else ""
    if lacks and not choice.preferred:
        return StoreChange(choice, "kept", folder, {}, reason=reason)
    writes = {name: data for name, data in wanted.items() if stored.files.get(name) != data}
    if facts and page.dialect == "page" and record.get("dialect") == "catalogue":
        # The page has the better texts; the catalogue's schema decides what is accepted.
        writes[CATALOGUE_FILE] = stored.files["input.json"]
    return StoreChange(
        choice=choice,
        verdict="updated",
        folder=folder,
        writes=writes,
        removes=tuple(name for name in stored.files if name not in wanted),
        reason=f"{reason}; --prefer selects this one" if reason else "",
    )


def source_record(page: Page) -> dict[str, object]:
    """Where the stored texts come from: all of ``source.json``. No dates, no folders."""
    record: dict[str, object] = {
        "model_id": page.model_id,
        "document": page.document.name,
        "sha256": page.document.sha256,
        "form": page.document.form,
        "dialect": page.dialect,
        "texts": asdict(page.texts),
    }
    if page.document.form == "html":
        record["extraction"] = _EXTRACTED
    return record


def _files_of(page: Page, facts: Mapping[str, object]) -> dict[str, bytes]:
    texts = zip(_FILES, (page.input, page.output, page.example), strict=False)
    files = {name: text.encode("utf-8") for name, text in texts if text is not None}
    return {**files, "source.json": record_bytes({**source_record(page), **facts})}


def record_bytes(record: Mapping[str, object]) -> bytes:
    """A record as it is stored. Half a surrogate pair has no UTF-8; then everything beyond ASCII is escaped."""
    try:
        return (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
    except UnicodeEncodeError:
        return (json.dumps(record, indent=2) + "\n").encode("ascii")


def sha256_of(text: str) -> str:
    """The sha256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def model_folder(root: Path, model_id: ModelId, place: str) -> Path:
    """The model's folder, once it is sure that nothing on the way leads out of ``root``."""
    folder = Path(os.path.realpath(root))
    for segment in model_id.segments:
        folder = folder / segment
        if folder.is_symlink() or Path(os.path.realpath(folder)) != folder:
            raise _blocked(
                place, folder, "is a symbolic link, and links out of the folder are not followed"
            )
        if folder.exists() and not folder.is_dir():
            raise _blocked(place, folder, "is a file where the model's folder should be")
    for name in _FILES:
        if (folder / name).is_symlink() or (folder / name).is_dir():
            raise _blocked(place, folder / name, "is a link or a folder, not a plain file")
    return folder


def _blocked(place: str, path: Path, problem: str) -> CannotWrite:
    return CannotWrite(
        place,
        f"{path.name!r} in the schemas folder {problem}",
        "Move it away, or name another folder with --schemas.",
    )


def _read_stored(folder: Path, page: Page) -> _Stored | None:
    files: dict[str, bytes] = {}
    for name in _FILES:
        try:
            file = place_of(folder, name)
            if file is not None and file.exists():
                files[name] = file.read_bytes()
        except OSError as error:
            problem = f"the stored {name} of {page.model_id} cannot be read: {error.strerror}"
            advice = "Check the permissions of the schemas folder."
            raise SourceError(page.document.place, problem, advice) from None
    if not files:
        return None
    record = parse_record(files.get("source.json"))
    other = record.get("model_id")
    if isinstance(other, str) and other != page.model_id:
        raise SourceError(
            page.document.place,
            f"the folder of {page.model_id!r} already contains {other!r}",
            "Ids that differ only in case need a case-sensitive file system.",
        )
    document = record.get("document")
    return _Stored(
        files=files,
        document=document if isinstance(document, str) else "no document named",
        quality=_stored_quality(files, record),
    )


def _stored_quality(files: Mapping[str, bytes], record: Mapping[str, object]) -> Quality:
    """The quality on record, or, of files put there by hand, what can be seen of it."""
    schema = parse_record(files.get("input.json"))
    facts = record.get("texts")
    facts = facts if isinstance(facts, dict) else {}
    leaked = any(PLACEHOLDER.encode() in data for data in files.values())
    return Quality.of(
        output="output.json" in files,
        example="example.json" in files,
        texts=Texts(
            placeholders=bool(facts.get("placeholders", leaked)),
            translated=bool(facts.get("translated", False)),
            rendered=bool(facts.get("rendered", False)),
        ),
        dialect="catalogue" if record.get("dialect") == "catalogue" else dialect_of(schema),
    )


def parse_record(data: bytes | None) -> dict[str, object]:
    """What a record says; one that is not a JSON object says nothing."""
    try:
        value = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        return {}  # written by hand, and not well: nothing speaks for it
    return value if isinstance(value, dict) else {}


class _FolderChange(Protocol):
    """What is written into the folder of a model and removed from it."""

    @property
    def folder(self) -> Path: ...
    @property
    def writes(self) -> Mapping[str, bytes]: ...
    @property
    def removes(self) -> tuple[str, ...]: ...


def commit(root: Path, changes: Sequence[_FolderChange], *, finish: bool = True) -> None:
    """Write everything beside its place first, then move it there: all of it, or nothing.

    Before that, what a killed run left is finished, in all models, unless ``finish`` is false. Raises ``CannotWrite``,
    and names the file.
    """
    replacements = [
        Replacement(change.folder, change.writes, change.removes)
        for change in changes
        if change.writes or change.removes
    ]
    if not replacements and not root.is_dir():
        return
    try:
        with suppress(FileExistsError):
            root.mkdir(parents=True)
        with locked(root):
            if finish:
                finish_all(root)
            _replace(replacements)
    except OSError as error:
        raise CannotWrite(
            str(error.filename or root),
            f"cannot be written: {error.strerror or error}",
            "Check the permissions and the free space there, then rerun the command.",
        ) from None


def _replace(replacements: Sequence[Replacement]) -> None:
    try:
        for one in replacements:
            one.stage()
    except BaseException:
        for one in reversed(replacements):
            one.give_up()
        raise
    for one in replacements:
        one.decide()
