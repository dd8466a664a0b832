"""The folder of a batch: its journal, its results, its files."""

from __future__ import annotations

import json
import os
import string
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from runcomfy.downloads.filenames import safe_stem
from runcomfy.errors import ConfigurationError
from runcomfy.journal import Journal

from .options import BatchOptions
from .outcome import BatchOutcome
from .rows import BatchRow

__all__ = ["JOURNAL", "RESULTS", "check_name", "file_path", "open_journal", "write_results"]

JOURNAL, RESULTS = "journal.db", "results.jsonl"
_FIELDS = ("row", "key", "model", "index", "extension")


def open_journal(
    folder: Path,
    options: BatchOptions,
    estimate: Callable[[str, Mapping[str, Any]], float | None],
    user: Journal | None,
) -> Journal:
    """The folder's journal, made where there is none. Raises ``JournalError`` and its kinds."""
    folder.mkdir(parents=True, exist_ok=True)
    return Journal(
        folder / JOURNAL,
        prices=estimate,
        price_margin=options.price_margin,
        submits=options.submits,
        reserve_in=user,
        whole_folder=True,
        one_account=True,
        accept_restored=options.accept_restored,
    )


def check_name(template: str) -> None:
    """Raise ``ConfigurationError`` for a template of file names that could not be filled, or not differ by file."""
    try:
        parts = [part for part in string.Formatter().parse(template) if part[1] is not None]
        names = {name for _, name, _, _ in parts}
        template.format(row=1, key="k", model="m", index=1, extension=".png")
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise ConfigurationError(f"--name {template!r} cannot be filled: {error}") from None
    unknown = sorted(str(name) for name in names if name not in _FIELDS)
    if unknown:
        raise ConfigurationError(
            f"--name {template!r}: no field {unknown[0]!r}; there are {', '.join(_FIELDS)}"
        )
    if "index" not in names or not names & {"row", "key"}:
        raise ConfigurationError(
            f"--name {template!r} gives several files one name: use {{index}}, and {{row}} or {{key}}"
        )


def file_path(
    folder: Path, template: str, row: BatchRow, model_id: str, index: int, extension: str
) -> Path:
    """Where a file of a row is saved. It always lies in the folder."""
    name = template.format(
        row=row.number,
        key=safe_stem(row.key),
        model=safe_stem(model_id.replace("/", "-")),
        index=index,
        extension=extension,
    )
    parts = [safe_stem(part) for part in Path(name).parts[:-1]]
    last = Path(name)
    return folder.joinpath(*parts, safe_stem(last.stem) + last.suffix)


def write_results(folder: Path, outcomes: Iterable[BatchOutcome]) -> Path:
    """Write ``results.jsonl``, a line a row, whole or not at all."""
    path = folder / RESULTS
    unfinished = folder / f".{RESULTS}.{os.getpid()}"
    try:
        with unfinished.open("w", encoding="utf-8") as stream:
            for outcome in outcomes:
                stream.write(json.dumps(outcome.as_dict(folder), ensure_ascii=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
