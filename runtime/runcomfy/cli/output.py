"""The output of a command: results on standard output, everything else on standard error.

With ``--json``, each result is one JSON object on a line of its own.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from .terminal import complain, is_terminal, plain, uses_colour

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["CommandOutput", "output_options"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

#: The styles of words in tables, for terminals with colour.
_STYLES = {
    "error": "bold red",
    "invalid": "bold red",
    "failed": "bold red",
    "unknown": "bold red",
    "fail": "bold red",
    "warning": "yellow",
    "warn": "yellow",
    "not checked": "cyan",
    "file": "green",
    "valid": "bold green",
    "succeeded": "green",
    "ok": "green",
}


class CommandOutput:
    """Where a command writes, and how."""

    def __init__(
        self, *, as_json: bool = False, quiet: bool = False, verbose: bool = False
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.verbose = verbose

    def line(self, text: str = "") -> None:
        """A line of a result, made printable."""
        sys.stdout.write(plain(text) + "\n")

    def json(self, value: Mapping[str, Any]) -> None:
        """A result as one line of JSON, in ASCII."""
        import json

        sys.stdout.write(json.dumps(value, default=str) + "\n")

    def note(self, text: str) -> None:
        """Write a note to standard error, unless ``--quiet`` is set."""
        if not self.quiet:
            complain(text)

    def detail(self, text: str) -> None:
        """Write a detail to standard error, with ``--verbose`` only."""
        if self.verbose:
            complain(text)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print rows: as a table on a terminal, else as lines with cells separated by tabs."""
        if is_terminal(sys.stdout) and _has_rich():
            _draw(columns, rows)
            return
        for row in rows:
            sys.stdout.write("\t".join(map(plain, row)).rstrip("\t") + "\n")


def _has_rich() -> bool:
    from importlib.util import find_spec

    return find_spec("rich") is not None


#: The columns between two columns of a table.
_GAP = 3


def _draw(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console = _console()
    texts = [[Text(plain(cell), _STYLES.get(cell, "")) for cell in row] for row in rows]
    if all(columns) and _width(columns, texts) > console.width:
        _draw_records(console, columns, texts)
        return
    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    style = box.ASCII if ascii_only else box.SIMPLE_HEAD
    table = Table(box=style, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in texts:
        table.add_row(*row)
    console.print(table)


def _width(columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> int:
    """The width of a table in which no cell is folded."""
    widths = (
        max(len(name), *(row[place].cell_len for row in rows), 0)
        for place, name in enumerate(columns)
    )
    return sum(widths) + _GAP * (len(columns) - 1)


def _draw_records(console: Console, columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    """Each row as lines of a name and a cell, so that no id is broken to fit into a column."""
    longest = max(map(len, columns))
    for number, row in enumerate(rows):
        if number:
            console.print()
        for name, cell in zip(columns, row, strict=True):
            if cell.plain:
                console.print(f"{name:{longest}}", cell, sep="  ", soft_wrap=True)


def _console() -> Console:
    from rich.console import Console

    colours: Literal["auto"] | None = "auto" if uses_colour(sys.stdout) else None
    return Console(markup=False, emoji=False, highlight=False, color_system=colours)


def output_options(command: CommandT) -> CommandT:
    """The options ``--json``, ``-q`` and ``-v``; the command receives a ``CommandOutput`` as ``out``."""

    @click.option("as_json", "--json", is_flag=True, help="Write one JSON object per line.")
    @click.option("-q", "--quiet", is_flag=True, help="Write results and errors only.")
    @click.option("-v", "--verbose", is_flag=True, help="Write more details to standard error.")
    @functools.wraps(command)
    def wrapped(*arguments: Any, as_json: bool, quiet: bool, verbose: bool, **options: Any) -> Any:
        out = CommandOutput(as_json=as_json, quiet=quiet, verbose=verbose)
        return command(*arguments, out=out, **options)

    return wrapped  # type: ignore[return-value]  # click calls it, whatever its signature
