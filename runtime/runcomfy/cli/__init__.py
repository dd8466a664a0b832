"""The command ``runcomfy-py``. ``main`` is its entry point."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    try:
        from .main import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "click":
            raise
        sys.stderr.write("runcomfy-py needs another library: pip install 'runcomfy[cli]'\n")
        return 64
    return run(arguments)
