"""Scanning many lines through a ``concurrent.futures`` executor: local worker processes, or a distributed engine.

This process splits the lines into chunks, keeps the executor supplied, scans chunks itself, and orders the results.
A chunk of a file on disk is a range of bytes, which is read by the process that scans it.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import BrokenExecutor, Future
from itertools import chain
from typing import NamedTuple

from runcomfy.errors import RunComfyError

from .byte_ranges import lines_in, on_disk, ranges
from .chunks import shareable
from .scanner import LINES_OF_A_PIECE, LineScan, Scanner, uncollected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Protocol

    from runcomfy.media.probe import Source
    from runcomfy.model.request import Request

    from .chunks import Chunk, Shareable
    from .scanner import Line

    class Executor(Protocol):
        """The executor interface, as in ``concurrent.futures``."""

        def submit(self, call: Callable[..., LineScan], /, *args: Any) -> Future[LineScan]:
            """Run ``call(*args)`` somewhere; all of it can be pickled."""
            ...


__all__ = [
    "ScanTask",
    "model_of",
    "scan_lines",
    "scan_range",
    "scan_task",
    "share",
]

#: The size of a chunk, in lines (unless they come from a file) and in bytes: whichever is reached first. A worker
#: scans a chunk in some milliseconds; what a chunk costs beside that is the same for a small one.
_LINES, _BYTES, _LEAST, _PARTS = 8_192, 2**22, 2**18, 8
#: Bytes read at a time: few enough to stay in the processor's cache.
_PIECE = 2**18
#: Bytes of passed files that are sent with each chunk; with more, this process scans alone.
_CARRIED = 2**20
#: Pending chunks per worker, and finished chunks per process that wait for an earlier one.
_AHEAD, _BACKLOG = 3, 32
_GONE = "was replaced or removed while it was read; run it again"
_LOST = "a worker process ended before its work was done; rerun it, or use one process"


class ScanTask(NamedTuple):
    """The picklable description of a scanner: the class by name, and the options."""

    key: str
    module: str
    name: str
    files: dict[str, str | bytes]
    strict: bool
    exact: bool


#: The scanners that this process has made, by the key of their task.
_scanners: dict[str, Scanner] = {}


def scan_task(scanner: Scanner) -> ScanTask | None:
    """The task for workers; ``None`` where another process would not find the same class and files."""
    import sys

    cls = scanner.cls
    found = getattr(sys.modules.get(cls.__module__), cls.__qualname__, None)
    files = {url: _sendable(source) for url, source in scanner.given.items()}
    carried = sum(len(source) for source in files.values() if isinstance(source, bytes))
    sendable = {url: source for url, source in files.items() if source is not None}
    if found is not cls or cls.__module__ == "__main__" or len(sendable) < len(files):
        return None
    if carried > _CARRIED:
        return None
    key = os.urandom(8).hex()
    return ScanTask(key, cls.__module__, cls.__qualname__, sendable, scanner.strict, scanner.exact)


def scan_range(
    task: ScanTask, path: str, start: int, stop: int, identity: tuple[int, int] | None = None
) -> LineScan:
    """Scan the lines between two places of a file, which begin and end with lines.

    ``identity`` is the device and inode of the file that is meant. Raises ``RunComfyError`` if there is another.
    """
    scanner = _scanner(task)
    try:
        file = open(path, "rb")  # noqa: PTH123, SIM115  # a name of the program's own; closed below
    except OSError as error:
        raise RunComfyError(f"{path} {_GONE}: {error.strerror}") from None
    with file:
        if identity is not None and _identity(file.fileno()) != identity:
            raise RunComfyError(f"{path} {_GONE}")
        file.seek(start)
        pieces = ranges(file, least=_PIECE, end=stop)
        lines = chain.from_iterable(lines_in(file.fileno(), piece) for piece in pieces)
        return _joined(scanner.scan(lines, LINES_OF_A_PIECE))


def scan_lines(task: ScanTask, lines: Iterable[Line]) -> LineScan:
    """Scan these lines."""
    return _joined(_scanner(task).scan(lines))


def model_of(task: ScanTask) -> type[Request[Any]]:
    """The model that the task is about."""
    return _scanner(task).cls


def share(
    scanner: Scanner,
    task: ScanTask,
    lines: Iterator[Line] | Shareable,
    executor: Executor,
    workers: int,
) -> Iterator[LineScan]:
    """Scan the lines in this process and through ``executor``, which has ``workers``; the scans come in order."""
    pending: deque[Future[LineScan]] = deque()
    _scanners[task.key] = scanner
    try:
        for scan, arguments in _chunks(lines):
            if sum(not future.done() for future in pending) < _AHEAD * workers:
                pending.append(executor.submit(scan, task, *arguments))
            else:
                own: Future[LineScan] = Future()
                own.set_result(scan(task, *arguments))
                pending.append(own)
            while pending and (pending[0].done() or len(pending) > _BACKLOG * (workers + 1)):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenExecutor:
        raise RunComfyError(_LOST) from None
    finally:
        del _scanners[task.key]


def _chunks(lines: Iterator[Line] | Shareable) -> Iterator[Chunk]:
    if shareable(lines):
        yield from lines.chunks()
        return
    if on_disk(lines) and (path := _path_of(lines.fileno(), lines.name)):
        identity = _identity(lines.fileno())
        for start, stop in ranges(lines, _BYTES, _LEAST, _PARTS):
            yield scan_range, (path, start, stop, identity)
        return
    chunk: list[Line] = []
    size = 0
    for line in lines:
        # A view of bytes cannot be pickled; whatever else is no line is told where it is scanned.
        view: Any = line
        chunk.append(bytes(view) if isinstance(view, (bytearray, memoryview)) else line)
        size += len(line) if isinstance(line, (bytes, str)) else 0
        if len(chunk) == _LINES or size >= _BYTES:
            yield scan_lines, (chunk,)
            chunk, size = [], 0
    if chunk:
        yield scan_lines, (chunk,)


def _path_of(file: int, name: object) -> str | None:
    """The path by which other processes can open the file; ``None`` if it has none, or is another file now."""
    if not isinstance(name, str):
        return None
    try:
        found = os.path.samestat(os.stat(name), os.fstat(file))  # noqa: PTH116  # as a name, not as a path of ours
    except OSError:
        return None
    return os.path.abspath(name) if found else None  # noqa: PTH100  # a link may lead on another way


def _identity(file: int) -> tuple[int, int]:
    facts = os.fstat(file)
    return facts.st_dev, facts.st_ino


def _scanner(task: ScanTask) -> Scanner:
    scanner = _scanners.get(task.key)
    if scanner is None:
        cls = getattr(__import__(task.module, fromlist=(task.name,)), task.name)
        _scanners.clear()  # a worker that lives on scans for one task after the other
        scanner = _scanners[task.key] = Scanner(cls, task.files, task.strict, task.exact)
    return scanner


def _joined(scans: Iterable[LineScan]) -> LineScan:
    """One scan for several that follow each other."""
    whole = LineScan(0, 0, 0, [])
    with uncollected():
        for scan in scans:
            whole.reports.extend((whole.lines + index, report) for index, report in scan.reports)
            whole.lines += scan.lines
            whole.blank += scan.blank
            whole.remote += scan.remote
    return whole


def _sendable(source: Source) -> str | bytes | None:
    """The source for another process; ``None`` for an open file, which stays in this one."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    path = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
    return os.path.abspath(path) if isinstance(path, str) else None  # noqa: PTH100  # links stay as they are
