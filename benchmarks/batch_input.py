"""Batches: the check of 200,000 rows of each format before the first submit, by ``batch --dry-run``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .measure import Figure, Table

__all__ = ["PEERS", "run"]

PEERS = ("pyarrow",)
CHECKED = 200_000
MODEL = "openai/gpt-image-1-5/text-to-image"
COMMAND = [sys.executable, "-c", "import sys; from runcomfy.cli import main; sys.exit(main())"]


def run() -> Iterator[Table]:
    """Measure."""
    yield _checked()


def _checked() -> Table:
    """``batch --dry-run`` over many rows of each format."""
    figures = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = {**os.environ, "RUNCOMFY_TOKEN": "a-token", "XDG_STATE_HOME": name}
        for form in ("jsonl", "csv", "parquet"):
            few, many = (_written(folder, form, rows) for rows in (CHECKED // 10, CHECKED))
            small, _ = _dry_run(few, settings)
            most, seconds = _dry_run(many, settings)
            figures += [
                Figure(f"{form}: rows", CHECKED / seconds, "/s"),
                Figure(f"{form}: peak of memory", most, "MB"),
                Figure(f"{form}: the same for a tenth of the rows", small, "MB"),
            ]
            many.unlink()
    return Table(f"batch --dry-run, {CHECKED:,} rows", figures)


def _dry_run(table: Path, settings: dict[str, str]) -> tuple[float, float]:
    """MB at most, and seconds, of the command."""
    command = [
        *COMMAND,
        "batch",
        MODEL,
        str(table),
        "--out",
        str(table.with_name("out")),
        "--dry-run",
        "--price",
        "0.04",
    ]
    measured = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    start = time.perf_counter()
    printed = subprocess.run(
        [sys.executable, "-c", measured, *command],
        env=settings,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return float(printed) / 1024, time.perf_counter() - start


def _written(folder: Path, form: str, rows: int) -> Path:
    path = folder / f"{rows}.{form}"
    if form == "parquet":
        import pyarrow as pa  # type: ignore[import-untyped]  # it brings no types
        from pyarrow import parquet

        columns = {
            "key": [f"k{n}" for n in range(rows)],
            "prompt": [f"a hat, number {n}" for n in range(rows)],
        }
        parquet.write_table(pa.table(columns), path)
        return path
    with path.open("w", encoding="utf-8") as stream:
        if form == "csv":
            stream.write("key,prompt\n")
        for number in range(rows):
            row = {"key": f"k{number}", "prompt": f"a hat, number {number}"}
            stream.write(
                json.dumps(row) + "\n" if form == "jsonl" else f'{row["key"]},"{row["prompt"]}"\n'
            )
    return path
