"""Telling the user what a pull is waiting for, and how to stop it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from runcomfy_codegen.console import printable, show

from .reader import PAGE_TIMEOUT

__all__ = ["waits_are_told"]

_HOW_TO_STOP = f"  It gives up after {PAGE_TIMEOUT:.0f} s without an answer; Ctrl-C stops it. The next pull goes on from here."


class _Waits(logging.Handler):
    """Prints the client's log: why it repeats a call, and when. After the first line it prints how to stop."""

    def __init__(self) -> None:
        super().__init__()
        self._told = False

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line in the place of the progress, if that is shown."""
        stop = sys.exc_info()[1]
        if stop is not None and not isinstance(stop, Exception):
            return  # the command says that it was interrupted
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
        show(f"catalogue: {printable(record.getMessage().removeprefix('call: '))}", sys.stderr)
        if not self._told:
            show(_HOW_TO_STOP, sys.stderr)
        self._told = True
        sys.stderr.flush()


@contextmanager
def waits_are_told() -> Iterator[None]:
    """Print the reasons for waiting to standard error."""
    logger, handler = logging.getLogger("runcomfy"), _Waits()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
