"""``make bench``: all measurements, or those named: ``python -m benchmarks validation``."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable

from . import bulk, client, imports, media, media_remote, validation
from .measure import Figure

PARTS: dict[str, Callable[[], list[Figure]]] = {
    "validation": validation.run,
    "bulk": bulk.run,
    "imports": imports.run,
    "client": client.run,
    "media": media.local,
    "media_remote": media_remote.run,
}


def main(names: list[str]) -> int:
    """Run the parts; the exit status tells misuse only, a missed figure is printed as missed."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no such measurement: {', '.join(unknown)}; there are {', '.join(PARTS)}")
        return 64
    print(
        f"Python {platform.python_version()} on {platform.machine()}; ratios are medians of turns"
    )
    figures = [figure for name in names or PARTS for figure in PARTS[name]()]
    missed = [figure.what for figure in figures if figure.verdict == "MISSED"]
    print(f"\n{len(missed)} missed: {'; '.join(missed)}" if missed else "\nAll bounds met.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
