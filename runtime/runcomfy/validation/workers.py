"""Worker processes as executors: forks of this process where safe, new interpreters elsewhere.

A copy works at once, where a new interpreter needs the time of some 50,000 lines. It is safe on Linux while this
process has one thread: no lock can be held by a thread that the copy lacks. The standard library's own way
to start a new interpreter runs the program's main module in it once more; what that does may cost money, so the
workers here are started without it, and a program needs no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any

from runcomfy.errors import RunComfyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from .executor import Executor

__all__ = ["worker_processes"]

#: Milliseconds to wait for a thread to end.
_MOMENTS = 10

_PROGRAM = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from {} import serve; serve()"
)


@contextmanager
def worker_processes(count: int) -> Iterator[Executor]:
    """An executor over ``count`` other processes, which end with the ``with`` block or with this process."""
    executor: Any = None
    try:
        try:
            executor = _copies(count) if _has_one_thread() else _Interpreters(count)
            executor.submit(int)  # a pool starts its processes with the first call
        except OSError as error:
            raise RunComfyError(
                f"a worker process could not be started: {error.strerror}; use one process"
            ) from None
        yield executor
    finally:
        if executor is not None:
            executor.shutdown(cancel_futures=True)


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


def _copies(count: int) -> Any:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    try:
        return ProcessPoolExecutor(count, get_context("fork"), _begin_copy)
    except (ImportError, NotImplementedError, OSError):  # the system has no semaphores
        return _Interpreters(count)


def _begin_copy() -> None:
    """Initialise a forked worker."""
    import gc
    import signal
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C at the terminal is for the other one alone
    gc.freeze()  # what waits for its end here is the other's to end

    def follow() -> None:
        wait([parent_process().sentinel])  # type: ignore[union-attr]  # a copy has a parent
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


class _Interpreters:
    """An executor whose threads each hand their calls to a new interpreter, over its standard streams."""

    def __init__(self, count: int) -> None:
        import subprocess

        self._threads = ThreadPoolExecutor(count, "runcomfy-worker")
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._processes = [
            subprocess.Popen(  # noqa: S603  # this very Python, and a text of ours
                [sys.executable, "-c", _PROGRAM.format(__name__)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                process_group=0,  # Ctrl-C at the terminal is for this process alone
            )
            for _ in range(count)
        ]
        for process in self._processes:
            with suppress(BrokenPipeError):  # the first call reports it
                _send(process.stdin, [*map(str, sys.path)])
            self._idle.put(process)

    def submit(self, call: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """Run ``call(*args)`` in one of the interpreters."""
        return self._threads.submit(self._run, call, args)

    def _run(self, call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        process = self._idle.get()
        try:
            _send(process.stdin, (call, args))
            result, error = pickle.load(process.stdout)  # type: ignore[arg-type]  # noqa: S301  # both ends are ours
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            raise BrokenExecutor from None
        finally:
            self._idle.put(process)
        if error is not None:
            raise error
        return result

    def shutdown(self, *, cancel_futures: bool) -> None:
        """End the interpreters, whatever they are doing."""
        self._threads.shutdown(wait=False, cancel_futures=cancel_futures)
        for process in self._processes:
            process.kill()
        self._threads.shutdown(wait=True)
        for process in self._processes:
            with suppress(BrokenPipeError):
                process.communicate()


def _send(pipe: Any, message: object) -> None:
    pickle.dump(message, pipe)
    pipe.flush()


def serve() -> None:
    """Run as a worker: execute the calls that arrive on standard input, until it ends."""
    results = os.fdopen(os.dup(1), "wb")
    # Output of a model's module must not mix with the results.
    try:
        os.dup2(2, 1)
    except OSError:  # there is no standard error
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with suppress(EOFError):
        while True:
            call, args = pickle.load(sys.stdin.buffer)  # noqa: S301  # written by our own parent
            try:
                answer: tuple[Any, Any] = call(*args), None
            except Exception as error:  # noqa: BLE001  # it is raised again where the results are read
                answer = None, error
            _send(results, answer)
