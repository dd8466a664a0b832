"""The progress of a command's jobs on standard error: a line that is redrawn, or one line per change."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from .terminal import complain, draw_line, fit, is_terminal, plain

if TYPE_CHECKING:
    from runcomfy import Status

__all__ = ["Progress"]

_SPINNER = "|/-\\"
_NARROWEST = 20


class Progress:
    """The states of some jobs, shown while they go on."""

    def __init__(self, count: int, *, quiet: bool) -> None:
        self._states = ["sending"] * count
        self._positions: list[int | None] = [None] * count
        self._started = time.monotonic()
        self._quiet = quiet
        self._turn = 0
        #: Whether ``draw`` is to be called now and then.
        self.animated = not quiet and is_terminal(sys.stderr)

    def update(self, number: int, status: Status) -> None:
        """Record the new status of a job; without a redrawn line, print the change."""
        changed = (status.state, status.queue_position) != (
            self._states[number],
            self._positions[number],
        )
        self.note(number, status.state, status.queue_position)
        if self._quiet or self.animated or not changed:
            return
        request_id = status.raw.get("request_id")
        name = f"request {request_id}" if isinstance(request_id, str) else f"job {number + 1}"
        complain(f"{name}: {_words(status.state, status.queue_position)}, {self._seconds()}")

    def note(self, number: int, state: str, position: int | None = None) -> None:
        """Record the state of a job for the next redraw."""
        self._states[number], self._positions[number] = state, position

    def draw(self) -> None:
        """Draw the line anew, as wide as the terminal is now."""
        try:
            width = os.get_terminal_size(sys.stderr.fileno()).columns
        except (OSError, ValueError):
            width = 0
        spinner = _SPINNER[self._turn % len(_SPINNER)]
        self._turn += 1
        text = f"{spinner} {self._summary()}, {self._seconds()}"
        # The last column stays free: a character in it would start a new line on some terminals.
        shown = fit(text, (width or 80) - 1, sys.stderr.encoding or "ascii")
        draw_line(shown)

    def _summary(self) -> str:
        if len(self._states) == 1:
            return _words(self._states[0], self._positions[0])
        counts = Counter(self._states)
        return ", ".join(f"{count} {plain(state, _NARROWEST)}" for state, count in counts.items())

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._started:.0f} s"


def _words(state: str, position: int | None) -> str:
    place = "" if position is None else f" (position {position})"
    return plain(state, 60) + place
