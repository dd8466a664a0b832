"""Saving a job's files: the folder, and names from a template."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from runcomfy.downloads.filenames import free_names, safe_stem
from runcomfy.media.formats import known_extension

from .outcomes import JobOutcome
from .saving_options import FIELDS

__all__ = ["Saving"]

_FIELD = re.compile(r"\{(\w*)\}")


class Saving:
    """Where the files of a command go. ``folder`` is ``None`` when nothing is saved."""

    def __init__(self, folder: str | None, template: str | None) -> None:
        self.folder = None if folder is None else Path(folder).expanduser()
        self._template = template
        if template is not None:
            _check(template)

    def prepare(self) -> None:
        """Create the folder before anything is paid. Raises ``OSError`` if it is not writable."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "the folder is not writable", str(self.folder))

    async def save(
        self, result: Any, outcome: JobOutcome, run: int, known: Sequence[Path | None]
    ) -> None:
        """Save each file, under a free name, and note its path in the outcome.

        ``known`` holds the paths where an earlier command saved the files, in the same order: those in this folder are not saved again.
        """
        if self.folder is None:
            return
        places = dict(enumerate(known))
        for number, file in enumerate(result.files):
            before = places.get(number)
            there = before is not None and before.exists()
            if before is not None and there and before.parent.resolve() == self.folder.resolve():
                here = Path.cwd()
                path = before.relative_to(here) if before.is_relative_to(here) else before
            else:
                path = await self._saved(file, self.folder, outcome, number + 1, run)
                if there:
                    outcome.notes.append(
                        f"saved another copy of {before} as {path}; nothing was paid"
                    )
            outcome.files[number]["path"] = str(path)

    async def _saved(
        self, file: Any, folder: Path, outcome: JobOutcome, index: int, run: int
    ) -> Path:
        if self._template is not None:
            return await self._save(file, self._name(file, outcome, index, run))
        saved: Path = await file.save(f"{folder}{os.sep}")
        return saved

    async def _save(self, file: Any, name: str) -> Path:
        for candidate in _paths(self.folder or Path(), name):
            try:
                saved: Path = await file.save(candidate, exact=False)
            except FileExistsError:
                continue
            return saved
        raise AssertionError("there is always a free name")  # free_names has no end

    def _name(self, file: Any, outcome: JobOutcome, index: int, run: int) -> str:
        extension = known_extension(file.name)
        facts = {
            "model": safe_stem((outcome.model_id or "model").replace("/", "-")),
            "request_id": safe_stem(outcome.request_id or ""),
            "index": str(index),
            "name": safe_stem(file.name[: len(file.name) - len(extension)]),
            "ext": extension,
            "extension": extension,
            "run": str(run),
        }
        name = _FIELD.sub(lambda found: facts[found[1]], self._template or "")
        has_extension = {"ext", "extension"} & {*_FIELD.findall(self._template or "")}
        return name if has_extension else name + extension


def _check(template: str) -> None:
    for name in _FIELD.findall(template):
        if name not in FIELDS:
            known = ", ".join("{" + one + "}" for one in FIELDS)
            raise click.UsageError(f"--name has no field {{{name}}}; the fields are {known}.")
    if not template or "/" in template or "\\" in template or not template.isprintable():
        raise click.UsageError(
            "--name is a file name without folders; use --output for the folder."
        )
    if template.startswith((".", "-")):
        raise click.UsageError("--name must not start with a dot or a dash.")


def _paths(folder: Path, name: str) -> Iterator[Path]:
    return (folder / one for one in free_names(name))
