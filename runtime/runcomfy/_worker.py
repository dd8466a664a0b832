"""A process that scans chunks of lines, and the form in which lines and results travel.

Only what a worker needs is imported here, for it is started anew for each run.
"""

from __future__ import annotations

import marshal
import os
import sys
from itertools import accumulate, pairwise

from ._scan import Scan, Scanner
from .report import Report, Unchecked
from .violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ._scan import Line

    #: Lines, or a piece of a file that ends where a line ends.
    Chunk = list[Line] | bytes

__all__ = ["HEAD", "framed", "joined", "lines_of", "sent_lines", "serve", "unpacked"]


#: Bytes of the number that says how long a message is.
HEAD = 8


def serve() -> None:
    """Be a worker: scan what comes in on standard input, until it ends."""
    # What a model's module may print must not get between the results.
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    module, name, *settings = _receive()
    scanner = Scanner(getattr(__import__(module, fromlist=(name,)), name), *settings)
    while (head := _receive()) is not None:
        try:
            result: Any = packed(joined(scanner.scan(_receive_lines(*head))))
        except Exception as error:  # noqa: BLE001  # it is raised again where the results are read
            import pickle

            result = pickle.dumps(error)
        results.write(framed(result))
        results.flush()


def framed(message: Any) -> bytes:
    """A message as it travels: its length and its content. Both ends are the same Python."""
    data = marshal.dumps(message)
    return len(data).to_bytes(HEAD, "big") + data


def _receive() -> Any:
    pipe = sys.stdin.buffer
    data = pipe.read(int.from_bytes(pipe.read(HEAD), "big"))
    return marshal.loads(data) if data else None  # noqa: S302  # written by our own parent


def lines_of(chunk: Chunk) -> list[Line]:
    """The lines of a portion; a piece of a file is cut at its line feeds."""
    if not isinstance(chunk, bytes):
        return chunk
    lines: list[Line] = [*chunk.split(b"\n")]
    if not lines[-1]:  # what stands behind the end of the last line
        lines.pop()
    return lines


def sent_lines(lines: Chunk) -> list[bytes]:
    """Lines as they travel: in one piece, after a message that says how to cut it."""
    if isinstance(lines, bytes):
        return [framed((len(lines), None)), lines]
    empty: Any = lines[0][:0]
    try:
        text: Any = empty.join(lines)
    except TypeError:  # they are of several types, with which the scanner deals
        return [framed((None, [one if isinstance(one, str) else bytes(one) for one in lines]))]
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    return [framed((len(data), (isinstance(text, str), [*map(len, lines)]))), data]


def _receive_lines(size: int | None, rest: Any) -> list[Line]:
    if size is None:
        return list(rest)
    data = sys.stdin.buffer.read(size)
    if rest is None:
        return lines_of(data)
    is_text, lengths = rest
    text = data.decode("utf-8", "surrogatepass") if is_text else data
    return [text[start:end] for start, end in pairwise(accumulate(lengths, initial=0))]


def joined(scans: Iterable[Scan]) -> Scan:
    """One scan for several that follow each other."""
    whole = Scan(0, 0, 0, [])
    for scan in scans:
        whole.reports += [(whole.lines + index, report) for index, report in scan.reports]
        whole.lines += scan.lines
        whole.blank += scan.blank
        whole.remote += scan.remote
    return whole


def packed(scan: Scan) -> tuple[Any, ...]:
    """A scan as plain tuples, which travel fastest."""
    reports = [
        (
            index,
            report.model_id,
            [_values(violation) for violation in report.errors],
            [_values(violation) for violation in report.warnings],
            [(one.pointer, one.rule, one.reason, one.url) for one in report.unchecked],
        )
        for index, report in scan.reports
    ]
    return scan.lines, scan.blank, scan.remote, reports


def _values(violation: Violation) -> tuple[Any, ...]:
    return (
        violation.pointer,
        violation.rule,
        violation.value,
        violation.limit,
        violation.message,
    )


def unpacked(lines: int, blank: int, remote: int, reports: list[Any]) -> Scan:
    return Scan(
        lines,
        blank,
        remote,
        [
            (
                index,
                Report(
                    model_id,
                    [Violation(*values) for values in errors],
                    [Violation(*values) for values in warnings],
                    [Unchecked(*values) for values in unchecked],
                ),
            )
            for index, model_id, errors, warnings, unchecked in reports
        ],
    )
