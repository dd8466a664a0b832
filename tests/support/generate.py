"""The command ``generate`` as a user runs it, on small schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.codegen import Ran, codegen

__all__ = ["Ran", "run", "text_schema", "times", "tree"]


def run(folder: Path, *arguments: str) -> Ran:
    """Run ``generate`` over ``folder/schemas`` into ``folder/out``."""
    places = ("--schemas", folder / "schemas", "--out", folder / "out", "--package", "models")
    return codegen("generate", *places, *arguments)


def text_schema(*names: str, **root: Any) -> dict[str, Any]:
    """A schema whose inputs are texts."""
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, **root}


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def times(folder: Path) -> dict[str, tuple[int, int]]:
    """When each file was written, and which one it is on the disk."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.stat().st_ino)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
