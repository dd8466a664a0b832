"""Validating many payloads, one per line."""

from __future__ import annotations

import os
import sys
from itertools import chain, islice

from .byte_ranges import lines_in, on_disk, ranges, remaining
from .chunks import shareable
from .report import Report, counted
from .scanner import LINES_OF_A_PIECE, Scanner
from .validate import model_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
    from typing import Self

    from runcomfy.media.probe import Source
    from runcomfy.media.remote import RemoteLimits

    from .chunks import Shareable
    from .executor import Executor
    from .scanner import Line, LineScan
    from .validate import Model

__all__ = ["LineReports", "Summary", "shared_reports", "validate_lines"]

#: The number of lines, and the size of a file in bytes, up to which no other process is started: it would not pay.
_ALONE, _SMALL = 2_000, 2**20


class Summary:
    """The totals of a run over many lines.

    ``lines`` counts payloads (blank lines are skipped), ``invalid`` those with errors and ``warned``
    those with warnings only. ``unchecked`` counts the media rules whose files were not inspected.
    """

    __slots__ = ("invalid", "lines", "unchecked", "warned")

    def __init__(self) -> None:
        self.lines = 0
        self.invalid = 0
        self.warned = 0
        self.unchecked = 0

    @property
    def valid(self) -> bool:
        """Whether no line has an error."""
        return not self.invalid

    def add(self, scan: LineScan) -> None:
        """Add the counts of more lines."""
        self.lines += scan.lines - scan.blank
        self.unchecked += scan.remote
        for _, report in scan.reports:
            if report.errors:
                self.invalid += 1
            elif report.warnings:
                self.warned += 1
            self.unchecked += len(report.unchecked)

    def replace(self, counted: Report, report: Report) -> None:
        """Count a line by another report."""
        for one, by in ((counted, -1), (report, 1)):
            self.invalid += by * bool(one.errors)
            self.warned += by * bool(one.warnings and not one.errors)

    def as_dict(self) -> dict[str, int]:
        """The totals as plain data, for JSON."""
        return {name: getattr(self, name) for name in ("lines", "invalid", "warned", "unchecked")}

    def __str__(self) -> str:
        parts = [counted(self.lines, "payload"), f"{self.invalid:,} invalid"]
        if self.warned:
            parts.append(f"{self.warned:,} with warnings only")
        if self.unchecked:
            parts.append(f"{counted(self.unchecked, 'media rule')} not checked")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"<Summary {self}>"


class LineReports:
    """Iterates once over the number and the report of each line with findings, in order.

    Line numbers start at 1. ``summary`` holds the totals so far. If you stop early, call ``close`` or use a
    ``with`` statement, so that the other processes end.
    """

    def __init__(self, reports: Generator[tuple[int, Report]], summary: Summary) -> None:
        self._reports = reports
        self.summary = summary

    def __iter__(self) -> Iterator[tuple[int, Report]]:
        return self._reports

    def __next__(self) -> tuple[int, Report]:
        return next(self._reports)

    def without(self, rules: Collection[str]) -> LineReports:
        """The same without the findings of these rules; lines without others are clean."""
        return LineReports(self._without(rules), self.summary) if rules else self

    def _without(self, rules: Collection[str]) -> Generator[tuple[int, Report]]:
        with self:
            for number, report in self:
                left = report.without(rules)
                self.summary.replace(report, left)
                if left.errors or left.warnings or left.unchecked:
                    yield number, left

    def close(self) -> None:
        """Stop reading, and end the worker processes."""
        self._reports.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def validate_lines(
    model: Model,
    lines: Iterable[Line],
    *,
    files: Mapping[str, Source] | None = None,
    strict: bool = False,
    processes: int = 1,
    check_files: str = "local",
    remote_limits: RemoteLimits | None = None,
) -> LineReports:
    """Validate the payloads of a JSON Lines file, or of any lines, and report those with findings.

    A clean line has no errors and no warnings. Media rules whose files were not given are counted
    in the summary instead of being listed line by line. A line that is not JSON has one error, whose
    rule is ``"syntax"``. msgspec (extra ``fast``) and orjson are used if installed; the reports are the
    same without them.

    With several ``processes`` (including this one), the lines are distributed, and the reports still come in
    order. Lines are then read ahead, so use one process for an interactive stream.

    ``check_files="remote"`` also inspects the files behind URLs, as ``validate`` does, for 256 lines at a
    time; ``remote_limits`` applies to each such group. It works in one process only.

    Raises ``MissingExtra`` if the schema cannot be checked without another library.

    >>> with open("payloads.jsonl", "rb") as lines:
    ...     reports = validate_lines("openai/gpt-image-2/edit", lines)
    ...     for number, report in reports:
    ...         print(number, report.errors)
    >>> print(reports.summary)
    200,000 payloads, 10,000 invalid
    """
    if isinstance(lines, (str, bytes)):
        raise TypeError("lines must be an iterable of lines: open the file, or split the text")
    if processes < 1:
        raise ValueError(f"processes must be at least 1, got {processes}")
    if check_files not in ("local", "remote"):
        raise ValueError(f'check_files must be "local" or "remote", got {check_files!r:.80}')
    scanner = Scanner(model_class(model), files, strict)
    if check_files == "remote":
        if processes > 1:
            raise ValueError('check_files="remote" works in one process only')
        from .remote_files import looked_at

        lines = looked_at(scanner, lines, remote_limits)
    summary = Summary()
    return LineReports(_number(_scans(scanner, lines, processes), summary), summary)


def shared_reports(
    model: Model,
    lines: Iterable[Line],
    executor: Executor,
    workers: int,
    *,
    files: Mapping[str, Source] | None = None,
    strict: bool = False,
) -> LineReports:
    """``validate_lines`` through an executor that has ``workers``: another engine's, on other machines perhaps.

    The lines travel there, except those of a file on disk and of lines that know how they are shared out. Raises
    ``ConfigurationError`` where the model or the files cannot travel.
    """
    from runcomfy.errors import ConfigurationError

    from .executor import scan_task, share

    scanner = Scanner(model_class(model), files, strict)
    task = scan_task(scanner)
    if task is None:
        raise ConfigurationError(
            f"{scanner.cls.__qualname__} cannot be checked by other processes: they need a class of an installed "
            "module, and files given as paths or as less than a megabyte of content"
        )
    waiting = lines if shareable(lines) else iter(lines)
    summary = Summary()
    scans = share(scanner, task, waiting, executor, workers)
    return LineReports(_number(scans, summary), summary)


def _number(scans: Iterator[LineScan], summary: Summary) -> Generator[tuple[int, Report]]:
    first = 1
    for scan in scans:
        summary.add(scan)
        for index, report in scan.reports:
            yield first + index, report
        first += scan.lines


def _scans(scanner: Scanner, lines: Iterable[Line], processes: int) -> Iterator[LineScan]:
    if shareable(lines):
        yield from _shared(scanner, lines, processes)
        return
    waiting = iter(lines)
    if on_disk(waiting):
        if processes == 1 or remaining(waiting) < _SMALL:
            for where in ranges(waiting):
                yield from scanner.scan(lines_in(waiting.fileno(), where), LINES_OF_A_PIECE)
            return
    elif processes == 1:
        yield from scanner.scan(waiting)
        return
    else:
        yield from scanner.scan(islice(waiting, _ALONE))
        ahead = list(islice(waiting, 1))
        if not ahead:
            return
        waiting = chain(ahead, waiting)
    yield from _shared(scanner, waiting, processes)


def _shared(
    scanner: Scanner, lines: Iterator[Line] | Shareable, processes: int
) -> Iterator[LineScan]:
    """The scans of this process and of worker processes; of this process alone if workers cannot scan."""
    from .executor import scan_task, share
    from .workers import worker_processes

    task = scan_task(scanner) if processes > 1 else None
    if task is None or os.name != "posix" or not sys.executable:
        yield from scanner.scan(lines)
        return
    with worker_processes(processes - 1) as executor:
        yield from share(scanner, task, lines, executor, processes - 1)
