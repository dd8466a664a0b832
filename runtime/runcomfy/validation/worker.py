"""A process that scans chunks of lines, and the form in which lines and results travel.

Only what a worker needs is imported here, for it may be a new interpreter for each run.
"""

from __future__ import annotations

import marshal
import os
import sys
from itertools import accumulate, pairwise, starmap
from operator import attrgetter

from runcomfy.model.violation import Violation
from runcomfy.validation.byte_ranges import lines_in
from runcomfy.validation.report import Report, Unchecked
from runcomfy.validation.scanner import LineScan, Scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, BinaryIO

    from runcomfy.validation.byte_ranges import Range
    from runcomfy.validation.scanner import Line

    from .report import FileReport

    #: Lines, or a range of bytes of the file.
    Chunk = list[Line] | Range

__all__ = ["HEAD", "framed", "joined", "lines_of", "main", "sent", "serve", "unpacked"]

#: Bytes of the number that says how long a message is.
HEAD = 8

#: What a violation and an unchecked rule consist of, in the order of their arguments.
_VALUES = attrgetter("pointer", "rule", "value", "limit", "message")
_REASONS = attrgetter("pointer", "rule", "reason", "url")


def main() -> None:
    """Be a worker in a process of its own: the task and the chunks come in on standard input."""
    # What a model's module may print must not get between the results.
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    module, name, file, *settings = _receive(sys.stdin.buffer)
    scanner = Scanner(getattr(__import__(module, fromlist=(name,)), name), *settings)
    serve(scanner, file, sys.stdin.buffer, results)


def serve(scanner: Scanner, file: int | None, chunks: BinaryIO, results: BinaryIO) -> None:
    """Scan what comes in, until it ends; ``file`` is the open file that ranges are about."""
    while (chunk := _receive(chunks)) is not None:
        try:
            result: Any = packed(joined(scanner.scan(_received(chunk, file, chunks))))
        except Exception as error:  # noqa: BLE001  # it is raised again where the results are read
            import pickle

            result = pickle.dumps(error)
        results.write(framed(result))
        results.flush()


def framed(message: Any) -> bytes:
    """A message as it travels: its length and its content. Both ends are the same Python."""
    data = marshal.dumps(message)
    return len(data).to_bytes(HEAD, "big") + data


def _plain(line: Any) -> Any:
    """A view of bytes as bytes; whatever else is no line is told where it is scanned."""
    return bytes(line) if isinstance(line, (bytearray, memoryview)) else line


def _receive(pipe: BinaryIO) -> Any:
    data = pipe.read(int.from_bytes(pipe.read(HEAD), "big"))
    return marshal.loads(data) if data else None  # noqa: S302  # written by our own parent


def lines_of(chunk: Chunk, file: int | None) -> Iterable[Line]:
    """The lines of a chunk; ``file`` is the open file that its range is about."""
    if isinstance(chunk, list):
        return chunk
    assert file is not None  # noqa: S101  # only files are cut into ranges
    return lines_in(file, chunk)


def sent(chunk: Chunk) -> list[bytes]:
    """A chunk as it travels: a range as it is, lines in one piece that is cut where they are needed."""
    if not isinstance(chunk, list):
        return [framed(chunk)]
    empty: Any = chunk[0][:0]
    try:
        text: Any = empty.join(chunk)
    except (TypeError, AttributeError):  # of several types, with which the scanner deals, or views
        return [framed([_plain(one) for one in chunk])]
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    return [framed((len(data), isinstance(text, str), [*map(len, chunk)])), data]


def _received(chunk: Any, file: int | None, pipe: BinaryIO) -> Iterable[Line]:
    if isinstance(chunk, list) or len(chunk) == 2:
        return lines_of(chunk, file)
    size, is_text, lengths = chunk
    data = pipe.read(size)
    text = data.decode("utf-8", "surrogatepass") if is_text else data
    return [text[start:end] for start, end in pairwise(accumulate(lengths, initial=0))]


def joined(scans: Iterable[LineScan]) -> LineScan:
    """One scan for several that follow each other."""
    whole = LineScan(0, 0, 0, [])
    for scan in scans:
        whole.reports += [(whole.lines + index, report) for index, report in scan.reports]
        whole.lines += scan.lines
        whole.blank += scan.blank
        whole.remote += scan.remote
    return whole


def packed(scan: LineScan) -> tuple[Any, ...]:
    """A scan as plain tuples, which travel fastest."""
    reports = [_packed(index, report) for index, report in scan.reports]
    return scan.lines, scan.blank, scan.remote, reports


def _packed(index: int, report: Report) -> tuple[Any, ...]:
    errors = [*map(_VALUES, report.errors)]
    if not (report.warnings or report.unchecked or report.files):
        return index, report.model_id, errors  # most reports, so this is the short form
    return (
        index,
        report.model_id,
        errors,
        [*map(_VALUES, report.warnings)],
        [*map(_REASONS, report.unchecked)],
        [*map(_facts, report.files)],
    )


def _facts(file: FileReport) -> tuple[Any, ...]:
    rules = file.held, file.broken, file.unclear
    unchecked = [*map(_REASONS, file.unchecked)]
    return file.pointer, file.url, file.info.as_dict(), *rules, unchecked


def _file(
    pointer: str,
    url: str,
    facts: dict[str, Any],
    held: list[str],
    broken: list[str],
    unclear: list[str],
    unchecked: list[Any],
) -> FileReport:
    from runcomfy.media.probe.info import MediaInfo

    from .report import FileReport

    reasons = [*starmap(Unchecked, unchecked)]
    return FileReport(pointer, url, MediaInfo(**facts), held, broken, unclear, reasons)


def unpacked(lines: int, blank: int, remote: int, reports: list[Any]) -> LineScan:
    """The scan that was packed."""
    return LineScan(lines, blank, remote, [*starmap(_unpacked, reports)])


def _unpacked(
    index: int, model_id: str, errors: list[Any], *others: list[Any]
) -> tuple[int, Report]:
    report = Report(model_id, starmap(Violation, errors))
    if others:
        warnings, unchecked, files = others
        report.warnings += starmap(Violation, warnings)
        report.unchecked += starmap(Unchecked, unchecked)
        report.files += starmap(_file, files)
    return index, report
