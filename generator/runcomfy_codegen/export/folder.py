"""A folder of files that are made again as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runcomfy_codegen.errors import CannotWrite

__all__ = ["replace_folder"]

#: Names the files that a run wrote, one a line.
_LIST = ".runcomfy-codegen"


def replace_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files, path -> text, and remove those of a former run. Raises ``CannotWrite`` if someone else's are in the way."""
    before = _listed(folder)
    for path in files:
        if (folder / path).exists() and path not in before:
            raise CannotWrite(
                str(folder / path),
                "exists and was not created by this command",
                "Choose another --out.",
            )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _LIST).write_text("\n".join(sorted({*files, *before})) + "\n", encoding="utf-8")
    for path, text in files.items():
        file = folder / path
        if path in before and file.is_file() and file.read_bytes() == text.encode("utf-8"):
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    for path in before - files.keys():
        (folder / path).unlink(missing_ok=True)
    (folder / _LIST).write_text("\n".join(sorted(files)) + "\n", encoding="utf-8")


def _listed(folder: Path) -> set[str]:
    """The files of a former run; a path that leads out of the folder counts for nothing."""
    try:
        lines = (folder / _LIST).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return set()
    root = folder.resolve()
    return {line for line in lines if line and (folder / line).resolve().is_relative_to(root)}
