"""One run of one pinned formatter over all modules of a batch."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from runcomfy_codegen.errors import CodegenError

__all__ = ["format_modules"]

_LINE_LENGTH = 100


def format_modules(modules: dict[str, str]) -> dict[str, str]:
    """The modules, path -> text, formatted by ruff without regard to any configuration around."""
    if not modules:
        return {}
    with tempfile.TemporaryDirectory(prefix="runcomfy-codegen-") as folder:
        root = Path(folder)
        files = {path: root / f"m{i}.py" for i, path in enumerate(modules)}
        for path, file in files.items():
            file.write_text(modules[path], encoding="utf-8", newline="\n")
        command = [sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache", "--quiet"]
        command += ["--line-length", str(_LINE_LENGTH), "--target-version", "py311", folder]
        # The command is fixed; no text of a schema is part of it.
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # see above
        if done.returncode:
            raise CodegenError(
                "ruff format",
                done.stderr.strip()[:500],
                "Check that runcomfy[codegen] is installed.",
            )
        return {path: file.read_text(encoding="utf-8") for path, file in files.items()}
