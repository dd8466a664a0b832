"""The results of a part of the measurements: printed table by table, and written as one Markdown file."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

from .measure import Table

__all__ = ["Part", "heading", "render", "write", "versions"]


class Part(Protocol):
    """A module with measurements; the first line of its docstring says what it measures."""

    @property
    def PEERS(self) -> Sequence[str]:  # noqa: N802  # a constant of the module
        """The libraries that it compares with or stands on, by the names they are installed under."""
        ...

    def run(self) -> Iterable[Table]:
        """Measure; each table comes as soon as it is complete."""
        ...


def write(name: str, part: Part, results: Path) -> list[Table]:
    """Run a part, print what it gives, and write the same to ``results``; returns its tables."""
    texts = [heading(name, part, date.today())]
    print(f"\n{texts[0]}", flush=True)
    tables = []
    for table in part.run():
        tables.append(table)
        texts.append(render(table))
        print(f"\n{texts[-1]}", flush=True)
    results.mkdir(exist_ok=True)
    (results / f"{name}.md").write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    return tables


def heading(name: str, part: Part, day: date) -> str:
    """What was measured, when, on what and beside what. Nothing else about the machine is recorded."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    return "\n".join(
        [
            f"# {name}",
            "",
            (part.__doc__ or name).splitlines()[0],
            "",
            f"- Run: {day.isoformat()}, by `python -m benchmarks {name}`",
            f"- On: {python}, {system}",
            f"- With: {', '.join(versions(['runcomfy', *part.PEERS]))}",
            "",
            "All sides take turns in one run. Times, rates and ratios are medians of the turns.",
        ]
    )


def versions(names: Sequence[str]) -> list[str]:
    """Each library with its version, or that it is not installed."""
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} (not installed)")
    return found


def render(table: Table) -> str:
    """A table in Markdown, laid out for reading on a terminal as well."""
    rows = [("what", "value", "unit", "bound", "verdict")]
    rows += [
        (figure.what, _number(figure.value), figure.unit, figure.bound, figure.verdict)
        for figure in table.figures
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"| {what:<{widths[0]}} | {value:>{widths[1]}} | {unit:<{widths[2]}} "
        f"| {bound:<{widths[3]}} | {verdict:<{widths[4]}} |"
        for what, value, unit, bound, verdict in rows
    ]
    rules = ["-" * width for width in widths]
    rules[1] = rules[1][:-1] + ":"
    lines.insert(1, f"| {' | '.join(rules)} |")
    return "\n".join([f"## {table.title}", "", *lines])


def _number(value: float) -> str:
    """Counts as they are, what was measured with three decimals."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"
