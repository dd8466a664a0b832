"""The folder of a batch: its journal, its results, its files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from runcomfy.arguments import whole_path
from runcomfy.errors import ConfigurationError, JournalUnwritable
from runcomfy.journal import Journal

from .options import BatchOptions
from .outcome import BatchOutcome

__all__ = ["JOURNAL", "RESULTS", "ROWS", "batch_folder", "is_used", "open_journal", "write_results"]

JOURNAL, RESULTS = "journal.db", "results.jsonl"
#: The fact in the folder's journal: the number of rows of the input.
ROWS = "rows"


def batch_folder(given: str | os.PathLike[str]) -> Path:
    """The absolute path of a batch's folder. Raises ``ConfigurationError`` for a URL and for what cannot be a path."""
    if isinstance(given, str) and "://" in given:
        raise ConfigurationError(
            f"out={given!r:.200} cannot hold the batch's journal; pass a local folder as out, and bucket={given!r:.200} for "
            "the files"
        )
    return whole_path("out", given)


def is_used(folder: Path) -> bool:
    """Whether there is anything already: a batch, or what must not become one."""
    try:
        return any(folder.iterdir())
    except FileNotFoundError:
        return False
    except OSError:  # opening the journal reports the reason
        return True


def open_journal(
    folder: Path,
    options: BatchOptions,
    estimate: Callable[[str, Mapping[str, Any]], float | None],
    user: Journal | None,
) -> Journal:
    """Open or create the folder's journal. Raises ``JournalError`` or a subclass."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JournalUnwritable(
            f"{folder} cannot be the folder of a batch: {error.strerror}; nothing was sent. Give another folder: "
            "out=… (--out)"
        ) from error
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


def write_results(folder: Path, outcomes: Iterable[BatchOutcome]) -> Path:
    """Write ``results.jsonl`` atomically, one line per row. Raises ``OSError`` with its path."""
    path = folder / RESULTS
    unfinished = folder / f".{RESULTS}.{os.getpid()}"
    try:
        # Lone surrogates, which UTF-8 cannot encode, are written as JSON escapes.
        with unfinished.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            for outcome in outcomes:
                stream.write(json.dumps(outcome.as_dict(folder), ensure_ascii=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    except OSError as error:
        words = f"{error.strerror or error}; the journal has the rows, and the next run writes them"
        raise OSError(error.errno, words, str(path)) from None
    finally:
        unfinished.unlink(missing_ok=True)
    return path
