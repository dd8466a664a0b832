"""The sources of ``add``: saved pages, folders of them, URLs, or standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from runcomfy_codegen.errors import SourceError
from runcomfy_codegen.ingest.page import Page, read_pages
from runcomfy_codegen.ingest.text import SourceText, read_document
from runcomfy_codegen.schema.model_ids import ModelId

from .urls import is_url

__all__ = ["MAX_BYTES", "Fetch", "GatheredSources", "gather_sources"]

#: A thousand times the size of a page, so that a video named by mistake is refused at once.
MAX_BYTES: Final = 32 * 1024 * 1024

_STDIN: Final = "-"

#: What pages are saved as. A page without any extension is one as well.
_SUFFIXES: Final = frozenset(
    {"", ".txt", ".text", ".md", ".html", ".htm", ".xhtml", ".mhtml", ".mht", ".json"}
)


@dataclass(slots=True)
class GatheredSources:
    """The pages of all sources, with everything that is wrong, so that one run reports all of it."""

    pages: list[Page] = field(default_factory=list)
    faults: list[SourceError] = field(default_factory=list)
    #: Files of a folder that are no pages: their place, and why not.
    skipped: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Source:
    """A file to read, a URL, or standard input."""

    place: str
    #: ``None`` for a URL and for standard input.
    path: Path | None
    #: A file that was named is a page or an error; one that lies in a folder may be neither.
    named: bool = True


#: Fetches a URL: the name of the page, and its bytes. Raises ``SourceError``.
Fetch = Callable[[str], tuple[str, bytes]]


def gather_sources(
    arguments: Sequence[str], given: ModelId | None, fetch: Fetch | None = None
) -> GatheredSources:
    """Read all sources, each once, in the order given; a folder's files by name."""
    gathered = GatheredSources()
    seen: set[Path | str] = set()
    for argument in arguments:
        try:
            sources = list(_sources(argument, gathered))
        except SourceError as fault:
            gathered.faults.append(fault)
            continue
        pages_before, faults_before = len(gathered.pages), len(gathered.faults)
        fresh = [source for source in sources if _key(source) not in seen]
        for source in fresh:
            seen.add(_key(source))
            _read(source, given, gathered, fetch)
        found = (len(gathered.pages), len(gathered.faults)) != (pages_before, faults_before)
        if len(fresh) == len(sources) and not found:
            gathered.faults.append(_no_pages(argument))
    gathered.skipped.sort()
    return gathered


def _sources(argument: str, gathered: GatheredSources) -> Iterator[_Source]:
    if argument == _STDIN or is_url(argument):
        yield _Source(argument, None)
        return
    try:
        folder = Path(argument)
        files = sorted(folder.iterdir()) if folder.is_dir() else None
    except (OSError, ValueError) as error:
        raise _unreadable(argument, error) from None
    if files is None:
        yield _Source(argument, folder)
        return
    for path in files:
        if path.name.startswith(".") or not path.is_file():
            continue
        if path.suffix.lower() in _SUFFIXES:
            yield _Source(str(path), path, named=False)
        else:
            gathered.skipped.append((str(path), f"{path.suffix} is not a supported page format"))


def _read(
    source: _Source, given: ModelId | None, gathered: GatheredSources, fetch: Fetch | None
) -> None:
    try:
        reading = read_pages(_document(source, fetch), given)
    except SourceError as fault:
        gathered.faults.append(fault)
        return
    if source.named or reading.is_page:
        gathered.pages.extend(reading.pages)
        gathered.faults.extend(reading.faults)
    else:
        gathered.skipped.append((source.place, "it contains neither JSON nor a model id"))


def _document(source: _Source, fetch: Fetch | None) -> SourceText:
    if fetch and is_url(source.place):
        name, raw = fetch(source.place)
        return read_document(raw, name=name, place=source.place)
    try:
        if source.path is None:
            raw, name = _capped(sys.stdin.buffer, source.place), _STDIN
        else:
            with source.path.open("rb") as file:
                raw = _capped(file, source.place)
            # A file name that is no text (on Linux, any bytes are a name) must not spoil ours.
            name = source.path.name.encode("utf-8", "replace").decode("utf-8")
    except (OSError, ValueError) as error:
        raise _unreadable(source.place, error) from None
    return read_document(raw, name=name, place=source.place)


def _capped(file: BinaryIO, place: str) -> bytes:
    raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise SourceError(
            place,
            f"this is larger than {MAX_BYTES // 1024 // 1024} MB, so it is not a documentation page",
            "Check the name; add a large catalogue in several parts.",
        )
    return raw


def _key(source: _Source) -> Path | str:
    return source.place if source.path is None else source.path.absolute()


def _unreadable(place: str, error: Exception) -> SourceError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SourceError(
        place,
        f"cannot be read: {reason}",
        "Check the name; a source is a saved page, a folder of pages, a URL, or - for standard input.",
    )


def _no_pages(argument: str) -> SourceError:
    return SourceError(
        argument,
        "this folder contains no saved page",
        "Pages are .txt, .md, .html, .mhtml or .json files directly in it; subfolders are not searched.",
    )
