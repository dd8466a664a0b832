"""A process that scans chunks of lines, and the form in which lines and results travel.

Only what a worker needs is imported here, for it is started anew for each run.
"""

from __future__ import annotations

import os
import pickle
import sys
from array import array
from itertools import accumulate, pairwise

from ._scan import Scan, Scanner
from .report import Report, Unchecked
from .violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ._scan import Line

__all__ = ["HEAD", "framed", "joined", "sent_lines", "serve", "unpacked"]


#: Bytes of the number that says how long a message is.
HEAD = 8


def serve() -> None:
    """Be a worker: scan what comes in on standard input, until it ends."""
    # What a model's module may print must not get between the results.
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    module, name, files, strict = _receive()
    scanner = Scanner(getattr(__import__(module, fromlist=(name,)), name), files, strict)
    while (head := _receive()) is not None:
        try:
            result: Any = packed(joined(scanner.scan(_receive_lines(*head))))
        except Exception as error:  # noqa: BLE001  # it is raised again where the results are read
            result = error
        results.write(framed(result))
        results.flush()


def framed(message: object) -> bytes:
    """A message as it travels: its length and its pickle."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return len(data).to_bytes(HEAD, "big") + data


def _receive() -> Any:
    pipe = sys.stdin.buffer
    data = pipe.read(int.from_bytes(pipe.read(HEAD), "big"))
    return pickle.loads(data) if data else None  # noqa: S301  # written by our own parent


def sent_lines(lines: list[Line]) -> list[bytes]:
    """Lines as they travel: in one piece, after a message that says how to cut it."""
    empty: Any = lines[0][:0]
    try:
        text: Any = empty.join(lines)
    except TypeError:  # they are of several types, with which the scanner deals
        return [framed((None, lines))]
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    return [framed((len(data), (isinstance(text, str), array("Q", map(len, lines))))), data]


def _receive_lines(size: int | None, rest: Any) -> list[Line]:
    if size is None:
        return list(rest)
    is_text, lengths = rest
    data = sys.stdin.buffer.read(size)
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
    """A scan as plain tuples: pickle takes several times as long for objects of our own."""
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
