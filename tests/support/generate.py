"""The command ``generate`` as a user runs it, on small schemas."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runcomfy_codegen.cli import main

__all__ = ["Ran", "run", "text_schema", "times", "tree"]


@dataclass(frozen=True)
class Ran:
    """What one run of the command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(folder: Path, *arguments: str) -> Ran:
    """Run ``generate`` over ``folder/schemas`` into ``folder/out``."""
    out, err = io.StringIO(), io.StringIO()
    places = [
        "--schemas",
        str(folder / "schemas"),
        "--out",
        str(folder / "out"),
        "--package",
        "models",
    ]
    with redirect_stdout(out), redirect_stderr(err):
        status = main(["generate", *places, *arguments])
    return Ran(status, out.getvalue(), err.getvalue())


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
