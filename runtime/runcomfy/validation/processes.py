"""Scanning in several processes.

This process takes part: it cuts the lines into chunks, keeps each worker supplied with a few, scans
chunks itself, and puts the results in order. Of a file on disk a chunk is a range of bytes, which
whoever scans it reads. A worker lives until its pipe is closed, or until this process ends it.

There are no threads here. A thread that moves data would wait for the interpreter's lock, held by
the scanning, several times a chunk; instead the pipes never block, and are looked after between
chunks.
"""

from __future__ import annotations

import marshal
import os
from collections import deque

from runcomfy.errors import RunComfyError

from .byte_ranges import on_disk, ranges
from .children import can_have_children, start
from .worker import HEAD, joined, lines_of, sent, unpacked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .scanner import Line, LineScan, Scanner
    from .worker import Chunk

__all__ = ["share"]

#: Lines that are scanned together where they do not come from a file, and how long they are: whichever
#: is reached first.
_CHUNK, _LONG = 512, 2**18
_LOST = "a worker process ended before its work was done; run it again, or with one process"

#: Chunks that a worker has been given and that are not done: enough for it to go on where this process is
#: kept from looking after it for some time.
_AHEAD = 8
#: Results for each process that wait for an earlier one, before this process waits as well.
_BACKLOG = 32
#: What a pipe should hold, so that a worker need not wait for this process between chunks.
_PIPE = 2**20


def share(scanner: Scanner, lines: Iterator[Line], workers: int) -> Iterator[LineScan]:
    """Scan the lines in this process and in ``workers`` others; the scans come in order.

    Where workers are impossible, this process does it all.
    """
    chunks: Iterator[Chunk]
    if on_disk(lines):
        file, chunks = lines.fileno(), ranges(lines)
    else:
        file, chunks = None, _lines(lines)
    chunk = next(chunks, None)
    crew: list[_Worker] = []
    pending: deque[_Worker | LineScan] = deque()
    backlog = _BACKLOG * (workers + 1)
    try:
        if chunk and can_have_children(scanner):
            crew += (_Worker(scanner, file) for _ in range(workers))
        while chunk or pending:
            for worker in crew:
                worker.move()
                while chunk and worker.load < _AHEAD:
                    worker.send(chunk)
                    pending.append(worker)
                    chunk = next(chunks, None)
            if chunk and len(pending) < backlog:
                pending.append(joined(scanner.scan(lines_of(chunk, file))))
                chunk = next(chunks, None)
            while pending and (_is_there(pending[0]) or not chunk or len(pending) >= backlog):
                due = pending.popleft()
                yield due.receive() if isinstance(due, _Worker) else due
    finally:
        for worker in crew:
            worker.end()


def _lines(lines: Iterator[Line]) -> Iterator[Chunk]:
    chunk: list[Line] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if len(chunk) == _CHUNK or size >= _LONG:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _is_there(due: _Worker | LineScan) -> bool:
    return not isinstance(due, _Worker) or bool(due.results)


class _Worker:
    """A child process that scans chunks, first come, first served."""

    def __init__(self, scanner: Scanner, file: int | None) -> None:
        #: Chunks whose results were not received.
        self.load = 0
        #: Results that have arrived.
        self.results: deque[Any] = deque()
        self._leaving: deque[memoryview] = deque()
        self._arriving = bytearray()
        self._child = start(scanner, file)
        self._to, self._from = self._child.to, self._child.back
        _enlarge(self._to)
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        self._send(self._child.greeting)

    def send(self, chunk: Chunk) -> None:
        """Hand over a chunk; its result comes after those of all chunks before."""
        self.load += 1
        self._send(sent(chunk))

    def receive(self) -> LineScan:
        """Wait for the next result."""
        while not self.results:
            self._wait()
            self.move()
        self.load -= 1
        result = self.results.popleft()
        if isinstance(result, BaseException):
            raise result
        if isinstance(result, bytes):  # an error, as a worker packs it
            import pickle

            raise pickle.loads(result)  # noqa: S301  # our own child's
        return unpacked(*result)

    def _wait(self) -> None:
        from select import POLLIN, POLLOUT, poll  # not on every system, and select has a limit

        waiting = poll()
        waiting.register(self._from, POLLIN)
        if self._leaving:
            waiting.register(self._to, POLLOUT)
        waiting.poll()

    def move(self) -> None:
        """Send and receive what can be without waiting."""
        try:
            while self._leaving:
                rest = self._leaving[0][os.write(self._to, self._leaving[0]) :]
                if rest:
                    self._leaving[0] = rest
                else:
                    self._leaving.popleft()
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._leaving.clear()  # the process has ended, which its other pipe tells
        try:
            while data := os.read(self._from, _PIPE):
                self._arriving += data
                self._unpack()
            self.results.append(RunComfyError(_LOST))
        except BlockingIOError:
            pass

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._child.end()

    def _send(self, data: list[bytes]) -> None:
        self._leaving += map(memoryview, data)
        self.move()

    def _unpack(self) -> None:
        arriving = self._arriving
        while len(arriving) >= HEAD:
            end = HEAD + int.from_bytes(arriving[:HEAD], "big")
            if len(arriving) < end:
                return
            self.results.append(marshal.loads(arriving[HEAD:end]))  # noqa: S302  # our own child's
            del arriving[:end]


def _enlarge(pipe: int) -> None:
    try:
        from fcntl import F_SETPIPE_SZ, fcntl

        fcntl(pipe, F_SETPIPE_SZ, _PIPE)
    except (ImportError, OSError):
        pass  # not Linux, or not allowed: a smaller pipe is slower and no less right
