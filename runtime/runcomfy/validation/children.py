"""Starting a worker: a copy of this process where that is safe, a new Python elsewhere.

A copy works at once, where a new interpreter needs the time of some 20,000 lines. It is safe on Linux
while this process has one thread: no lock can be held by a thread that the copy lacks. A new
interpreter needs no ``if __name__ == "__main__"`` in the program. Either way a worker has of this
process the file that is read, and no other, and Ctrl-C reaches this process only.
"""

from __future__ import annotations

import marshal
import os
import signal
import sys
from contextlib import ExitStack, suppress

from .worker import framed, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from runcomfy.media.probe import Source
    from runcomfy.validation.scanner import Scanner

    #: What has to be sent to the process first, and what ends it.
    _Begun = tuple[list[bytes], Callable[[], None]]

__all__ = ["Child", "can_have_children", "start"]

_PROGRAM = (
    "import sys, marshal\n"
    "sys.path[:] = marshal.load(sys.stdin.buffer)\n"
    "from runcomfy.validation.worker import main\n"
    "main()\n"
)


class Child:
    """A worker's process: ``to`` it leads a pipe, and ``back`` from it another.

    ``greeting`` has to be sent before the first chunk. ``stop`` ends the process, whatever it is doing.
    """

    def __init__(
        self, to: int, back: int, greeting: list[bytes], stop: Callable[[], None], pipes: ExitStack
    ) -> None:
        self.to = to
        self.back = back
        self.greeting = greeting
        self._stop = stop
        self._pipes = pipes

    def end(self) -> None:
        """End the process, and wait for its end."""
        self._stop()  # first, for a process that finds its pipe closed complains
        self._pipes.close()


def can_have_children(scanner: Scanner) -> bool:
    """Whether another process would find the same request class and files, and pipes do not block."""
    name = scanner.cls.__module__
    found = getattr(sys.modules.get(name), scanner.cls.__qualname__, None)
    return (
        found is scanner.cls
        and name != "__main__"
        and bool(sys.executable)
        and os.name == "posix"
        and all(_sendable(source) is not None for source in scanner.given.values())
    )


def start(scanner: Scanner, file: int | None) -> Child:
    """Start a worker; ``file`` is the open file that it reads ranges of."""
    with ExitStack() as ours, ExitStack() as its:
        read, to = _pipe(its, ours)
        back, write = _pipe(ours, its)
        own = None if file is None else _apart(os.dup(file), its)
        begin = _copy if _has_one_thread() else _new
        greeting, stop = begin(scanner, own, read, write)
        return Child(to, back, greeting, stop, ours.pop_all())


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[int, int]:
    read, write = os.pipe()
    return _apart(read, reader), _apart(write, writer)


def _apart(file: int, owner: ExitStack) -> int:
    """The open file under a number above those of the standard streams, which a worker has of its own."""
    from fcntl import F_DUPFD_CLOEXEC, fcntl

    try:
        number = fcntl(file, F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(file)
    owner.callback(os.close, number)
    return number


def _has_one_thread() -> bool:
    try:
        return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208  # names are enough
    except OSError:
        return False


def _copy(scanner: Scanner, file: int | None, read: int, write: int) -> _Begun:
    process = os.fork()
    if not process:
        _work(scanner, file, read, write)

    def stop() -> None:
        with suppress(ProcessLookupError, ChildProcessError):  # the program waited for it by itself
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)

    return [], stop


def _work(scanner: Scanner, file: int | None, read: int, write: int) -> NoReturn:
    """What the copy does instead of going on as this process does."""
    try:
        os.setpgid(0, 0)  # Ctrl-C at the terminal is for the other one alone
        import gc

        gc.freeze()  # what waits for its end here is the other's to end
        with suppress(OSError):  # there is no standard error
            os.dup2(2, 1)
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # names are enough
            if int(name) > 2 and int(name) not in (read, write, file):  # standard error
                with suppress(OSError):  # the listing itself is closed by now
                    os.close(int(name))
        serve(scanner, file, os.fdopen(read, "rb"), os.fdopen(write, "wb"))
    finally:
        os._exit(0)


def _new(scanner: Scanner, file: int | None, read: int, write: int) -> _Begun:
    import subprocess

    process = subprocess.Popen(  # noqa: S603  # this very Python, and a text of ours
        [sys.executable, "-c", _PROGRAM],
        stdin=read,
        stdout=write,
        process_group=0,  # Ctrl-C at the terminal is for this process alone
        pass_fds=() if file is None else (file,),
    )

    def stop() -> None:
        process.kill()
        process.wait()

    given = {url: _sendable(source) for url, source in scanner.given.items()}
    cls = scanner.cls
    task = (cls.__module__, cls.__qualname__, file, given, scanner.strict, scanner.exact)
    return [marshal.dumps([*map(str, sys.path)]), framed(task)], stop


def _sendable(source: Source) -> str | bytes | None:
    """The source for another process; ``None`` for an open file, which stays in this one."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    path = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
    return path if isinstance(path, str) else None
