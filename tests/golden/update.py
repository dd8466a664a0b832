"""Rewrite the golden trees: ``python -m tests.golden.update``; read the difference before you commit it.

Each folder beside this file is a case: ``schemas/`` goes in, ``models/`` and ``report.txt`` must come out. The manifest
is left out, because it names the generator's version; what else it holds is in the report.
"""

from __future__ import annotations

import sys
from pathlib import Path

from runcomfy_codegen.pipeline import generate
from runcomfy_codegen.report import as_text

__all__ = ["CASES", "EXPECTED", "expected", "produced", "update"]

HERE = Path(__file__).parent
CASES = sorted(folder.parent.name for folder in HERE.glob("*/schemas"))
#: What the generator makes of a case: the package, and the report.
EXPECTED = ("models", "report.txt")


def produced(case: str, out: Path) -> dict[str, str]:
    """What the generator makes of a case now, planned for an empty folder ``out``."""
    generation = generate(HERE / case / "schemas", out, "models")
    files = {f"models/{path}": data.decode() for path, data in generation.plan.write.items()}
    del files["models/_manifest.json"]
    return {**files, "report.txt": as_text(generation, check=False)}


def expected(case: str) -> dict[str, str]:
    """What the generator made of a case when somebody last looked."""
    folder = HERE / case
    files = [folder / "report.txt", *(folder / "models").rglob("*")]
    return {
        file.relative_to(folder).as_posix(): file.read_bytes().decode("utf-8")
        for file in files
        if file.is_file() and "__pycache__" not in file.parts
    }


def update(case: str) -> list[str]:
    """Rewrite a case; the paths that changed."""
    before = expected(case) if (HERE / case / "report.txt").exists() else {}
    after = produced(case, HERE / case / "never-written")
    for path in before.keys() - after.keys():
        (HERE / case / path).unlink()
    changed = sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )
    for path in changed:
        if path in after:
            file = HERE / case / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(after[path].encode("utf-8"))
    return [f"{case}/{path}" for path in changed]


def main() -> int:
    """Rewrite every case and say what changed."""
    changed = [path for case in CASES for path in update(case)]
    sys.stdout.write("".join(f"changed: {path}\n" for path in changed) or "Nothing changed.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
