"""Runs a notebook in a real kernel of this interpreter: cells as JSON on standard input, their outputs as JSON on standard output.

A program of its own, because the kernel's client leaves sockets to the end of the process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["run_cells"]


def run_cells(cells: Sequence[str], folder: Path) -> list[list[Any]]:
    """The outputs of each cell of a notebook in the folder."""
    done = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps([*cells]),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    outputs: list[list[Any]] = json.loads(done.stdout)
    return outputs


def main() -> None:
    """Run the cells."""
    import nbformat
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    manager = AsyncKernelManager(kernel_name="python3")
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    )
    shown: dict[str, Any] = {
        "cell_type": "code",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
    }
    book: Any = nbformat.from_dict(  # type: ignore[no-untyped-call]  # nbformat has no types
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [
                {**shown, "id": f"c{n}", "source": source}
                for n, source in enumerate(json.load(sys.stdin))
            ],
        }
    )
    NotebookClient(book, km=manager, timeout=120).execute()
    json.dump([cell["outputs"] for cell in book["cells"]], sys.stdout)


if __name__ == "__main__":
    main()
