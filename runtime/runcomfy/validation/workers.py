"""Worker processes as executors: forks of this process where safe, new interpreters elsewhere.

A copy works at once, where a new interpreter needs the time of some 50,000 lines. It is safe on Linux while this
process has one thread: no lock can be held by a thread that the copy lacks. The standard library's own way
to start a new interpreter runs the program's main module in it once more; what that does may cost money, so the
workers here are started without it, and a program needs no ``if __name__ == "__main__"``.

Nor are its pools used: their threads wait for the interpreter's lock while this process scans, and the workers
for them. Here a worker has a pipe for calls and one for results, which are looked after between two chunks.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import sys
import threading
import time
from collections import deque
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager, suppress
from typing import Any

from runcomfy.errors import RunComfyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from .executor import Executor

__all__ = ["worker_processes"]

#: Milliseconds to wait for a thread to end.
_MOMENTS = 10
#: Bytes read at a time, and of results that fit into a pipe, where the system allows as many.
_READ = 2**20
#: Bytes of the number in front of each result: its length.
_LENGTH = 8
_PROGRAM = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from {} import serve; serve()"
)


@contextmanager
def worker_processes(count: int) -> Iterator[Executor]:
    """An executor over ``count`` other processes, which end with the ``with`` block or with this process."""
    workers = _Workers(count)
    try:
        yield workers
    finally:
        workers.end()


class _Workers:
    """An executor over other processes, which start with the first call."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._workers: list[_Worker] = []

    def submit(self, call: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """Run ``call(*args)`` in the process that has the least to do."""
        if not self._workers:
            try:
                self._start()
            except OSError as error:
                raise RunComfyError(
                    f"a worker process could not be started: {error.strerror}; use one process"
                ) from None
        worker = min(self._workers, key=lambda worker: len(worker.calls))
        return worker.submit(pickle.dumps((call, args), -1))

    def _start(self) -> None:
        copied = _has_one_thread()
        for _ in range(self._count):
            self._workers.append(_copy(self._workers) if copied else _interpreter())

    def end(self) -> None:
        """End the processes, whatever they are doing."""
        for worker in self._workers:
            worker.end()


class _Worker:
    """Another process, by the ends of its two pipes, and the calls that it has not answered."""

    def __init__(self, pid: int, calls: int, results: int, close: Callable[[], object]) -> None:
        self.pid, self.ends = pid, (calls, results)
        self.calls: deque[_Result] = deque()
        self._close = close
        self._unsent, self._received = bytearray(), bytearray()
        os.set_blocking(calls, False)
        self._either, self._results = select.poll(), select.poll()
        self._either.register(calls, select.POLLOUT)
        for poll in (self._either, self._results):
            poll.register(results, select.POLLIN)

    def submit(self, message: bytes) -> _Result:
        """Send a message, which is answered by a result."""
        result = _Result(self)
        self.calls.append(result)
        self.send(message)
        return result

    def send(self, message: bytes) -> None:
        """Send a message as soon as the pipe takes it."""
        self._unsent += message
        self.exchange(0)

    def exchange(self, milliseconds: int | None) -> None:
        """Send and receive what the pipes take and hold; wait so long (``None``: for ever) until they do."""
        poll = self._either if self._unsent else self._results
        ready = {end for end, _ in poll.poll(milliseconds)}
        calls, results = self.ends
        try:
            if calls in ready:
                del self._unsent[: os.write(calls, self._unsent)]
            if results in ready:
                self._receive(os.read(results, _READ))
        except (OSError, ValueError, pickle.UnpicklingError):
            while self.calls:
                self.calls.popleft().set_exception(BrokenExecutor())

    def _receive(self, data: bytes) -> None:
        if not data:
            raise BrokenPipeError
        received = self._received
        received += data
        while len(received) >= _LENGTH:
            end = _LENGTH + int.from_bytes(received[:_LENGTH], "big")
            if len(received) < end:
                break
            value, error = pickle.loads(received[_LENGTH:end])  # noqa: S301  # both ends are ours
            del received[:end]
            result = self.calls.popleft()
            if error is None:
                result.set_result(value)
            else:
                result.set_exception(error)

    def end(self) -> None:
        """Kill the process, and close the pipes."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._close()


class _Result(Future[Any]):
    """The result of a call. Whoever looks for it looks after the worker's pipes."""

    def __init__(self, worker: _Worker) -> None:
        super().__init__()
        self._worker = worker

    def done(self) -> bool:
        if not super().done():
            self._worker.exchange(0)
        return super().done()

    def result(self, timeout: float | None = None) -> Any:
        while not super().done():
            self._worker.exchange(None)
        return super().result(timeout)


def _has_one_thread() -> bool:
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    try:
        for _ in range(_MOMENTS):
            if len(os.listdir("/proc/self/task")) == 1:  # noqa: PTH208  # names are enough
                return True
            time.sleep(0.001)  # one that has just been joined may still be on its way out
    except OSError:
        pass
    return False


def _copy(others: list[_Worker]) -> _Worker:
    """A copy of this process that works until the pipe of its calls ends."""
    (call, calls), (results, result) = os.pipe(), os.pipe()
    try:
        pid = os.fork()
    except OSError:
        for end in (call, calls, results, result):
            os.close(end)
        raise
    if pid == 0:
        try:
            gc.freeze()  # a collection would copy the memory of everything
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other one alone
            # Whoever holds the end of a pipe keeps its reader waiting.
            for end in (calls, results, *(end for other in others for end in other.ends)):
                os.close(end)
            _work(os.fdopen(call, "rb"), os.fdopen(result, "wb"))
        finally:
            os._exit(0)  # what waits for its end here, in buffers too, is the other's to end
    os.close(call)
    os.close(result)
    with suppress(ImportError, AttributeError, OSError):  # a copy waits if the pipe is full
        import fcntl

        fcntl.fcntl(results, fcntl.F_SETPIPE_SZ, _READ)

    def close() -> None:
        with suppress(ChildProcessError):  # the program ignores SIGCHLD
            os.waitpid(pid, 0)
        os.close(calls)
        os.close(results)

    return _Worker(pid, calls, results, close)


def _interpreter() -> _Worker:
    """A new interpreter, over its standard streams."""
    import subprocess

    process = subprocess.Popen(  # noqa: S603  # this very Python, and a text of ours
        [sys.executable, "-c", _PROGRAM.format(__name__)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        process_group=0,  # Ctrl-C at the terminal is for this process alone
    )
    assert process.stdin is not None  # noqa: S101  # both are pipes
    assert process.stdout is not None  # noqa: S101  # both are pipes
    worker = _Worker(
        process.pid, process.stdin.fileno(), process.stdout.fileno(), process.communicate
    )
    worker.send(pickle.dumps([*map(str, sys.path)]))
    return worker


def serve() -> None:
    """Run as a worker: execute the calls that arrive on standard input, until it ends."""
    results = os.fdopen(os.dup(1), "wb")
    # Output of a model's module must not mix with the results.
    try:
        os.dup2(2, 1)
    except OSError:  # there is no standard error
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _work(sys.stdin.buffer, results)


def _work(calls: BinaryIO, results: BinaryIO) -> None:
    with suppress(EOFError, BrokenPipeError):
        while True:
            call, args = pickle.load(calls)  # noqa: S301  # written by our own parent
            try:
                answer: tuple[Any, Any] = call(*args), None
            except Exception as error:  # noqa: BLE001  # it is raised again where the results are read
                answer = None, error
            message = pickle.dumps(answer, -1)
            results.write(len(message).to_bytes(_LENGTH, "big") + message)
            results.flush()
