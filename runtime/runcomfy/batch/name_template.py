"""Names of saved files: by a template, inside the folder, and no two rows with one name."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Iterable, Mapping
from pathlib import Path

from runcomfy.downloads.filenames import free_names, safe_stem
from runcomfy.errors import ConfigurationError
from runcomfy.media.formats import known_extension

from .known_rows import Known
from .rows import BatchRow

__all__ = ["FileNames", "check_name"]

#: ``ext`` is the short name of ``extension``, as in ``run --name``.
_FIELDS = ("row", "key", "model", "index", "extension", "ext")


def check_name(template: str) -> None:
    """Raise ``ConfigurationError`` for an invalid file name template, or one that gives several files the same name."""
    try:
        parts = [part for part in string.Formatter().parse(template) if part[1] is not None]
        names = {name for _, name, _, _ in parts}
        template.format(row=1, key="k", model="m", index=1, extension=".png", ext=".png")
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise ConfigurationError(f"--name {template!r} cannot be formatted: {error}") from None
    unknown = sorted(str(name) for name in names if name not in _FIELDS)
    if unknown:
        raise ConfigurationError(
            f"--name {template!r}: no field {unknown[0]!r}; there are {', '.join(_FIELDS)}"
        )
    if "index" not in names or not names & {"row", "key"}:
        raise ConfigurationError(
            f"--name {template!r} gives several files the same name: use {{index}}, and {{row}} or {{key}}"
        )


class FileNames:
    """Assigns a path to each file of a batch. ``known`` are the rows of earlier runs, whose files keep their names.

    Two rows may produce the same name: rows may be inserted between two runs, a grid gives several rows one number, and keys may differ
    only in characters that file names cannot contain. The second row then gets another name, such as ``00001-1 (2).png``. If other
    processes save into the folder too (``shared``), every name contains a digest of the key instead.
    """

    def __init__(
        self,
        folder: Path,
        template: str,
        model_id: str,
        known: Mapping[str, Known],
        *,
        shared: bool = False,
    ) -> None:
        self._shared = shared
        self._folder, self._template = folder, template
        self._model = safe_stem(model_id.replace("/", "-"))
        #: Name without extension, as a file system without case sees it -> the key that has it.
        self._owners: dict[str, str] = {}
        for key, one in known.items():
            self._take(key, one.files)

    def path(self, row: BatchRow, index: int, extension: str) -> Path:
        """Where a file of a row is saved: always in the folder, and never where another row's file is."""
        wanted = self._filled(row, index, extension)
        if self._shared:
            return _own(wanted, row)
        for name in free_names(wanted.name):
            path = wanted.with_name(name)
            if self._owners.setdefault(_folded(path), row.key) == row.key:
                return path
        raise AssertionError("names never end")

    def object_name(self, row: BatchRow, index: int, extension: str) -> str:
        """The name of a file in a bucket, to which many machines may save."""
        wanted = _own(self._filled(row, index, extension), row)
        return wanted.relative_to(self._folder).as_posix()

    def _take(self, key: str, files: Iterable[Path]) -> None:
        for file in files:
            self._owners[_folded(file)] = key

    def _filled(self, row: BatchRow, index: int, extension: str) -> Path:
        name = Path(
            self._template.format(
                row=row.number,
                key=safe_stem(row.key),
                model=self._model,
                index=index,
                extension=extension,
                ext=extension,
            )
        )
        parts = [safe_stem(part) for part in name.parts[:-1]]
        return self._folder.joinpath(*parts, safe_stem(name.stem) + name.suffix)


def _own(path: Path, row: BatchRow) -> Path:
    """The path with a digest of the row's key in its name, so that each row has its own."""
    digest = hashlib.sha256(row.key.encode(errors="surrogatepass")).hexdigest()[:12]
    return path.with_name(f"{path.stem}-{digest}{path.suffix}")


def _folded(path: Path) -> str:
    """What two names must not share. Extensions do not count: a file gets that of its content when it is saved."""
    name = str(path)
    return name[: len(name) - len(known_extension(name))].casefold()
