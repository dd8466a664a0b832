"""``make bench``: all measurements, or those named: ``python -m benchmarks validation``."""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import cast

from .report import Part, write

__all__ = ["PARTS", "RESULTS", "main", "part"]

#: Each is a module of this package and a file of results.
PARTS = (
    "validation",
    "bulk",
    "workers",
    "generation",
    "catalogue",
    "imports",
    "command_line",
    "engines",
    "batch",
    "batch_input",
    "faces",
    "client",
    "media",
    "media_remote",
)
RESULTS = Path(__file__).with_name("results")


def part(name: str) -> Part:
    """The module of that part, imported when its turn comes: a missing peer is that part's alone."""
    return cast(Part, import_module(f"benchmarks.{name}"))


def main(names: list[str], results: Path = RESULTS) -> int:
    """Run the parts. The exit status reports misuse and failed parts; a missed figure is printed as missed."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no such measurement: {', '.join(unknown)}; there are {', '.join(PARTS)}")
        return 64
    missed, failed = [], []
    for name in names or PARTS:
        try:
            tables = write(name, part(name), results)
        except Exception:  # noqa: BLE001  # whatever it is, the other parts are still to be measured
            traceback.print_exc()
            failed.append(name)
        else:
            missed += [
                f"{name}, {table.title}: {figure.what}"
                for table in tables
                for figure in table.figures
                if figure.verdict == "MISSED"
            ]
    print("\n".join(["", f"{len(missed)} missed", *missed]) if missed else "\nNo bound missed.")
    if failed:
        print(f"Failed, and left without results: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
