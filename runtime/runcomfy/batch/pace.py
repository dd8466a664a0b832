"""``Pace``: the pause between two submits, which grows while the service limits the rate."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pace"]

#: Seconds between two submits after the first rate limit, doubled with each further one; each success takes a tenth off.
_SLOWER, _SLOWEST, _RECOVERY = 0.25, 30.0, 0.9


@dataclass(slots=True)
class Pace:
    """When the next submit may start, in seconds on one clock. ``rate`` is the user's limit in submits per second."""

    rate: float | None = None
    not_before: float = 0.0
    #: The seconds that rate limits have put between two submits.
    slower: float = 0.0

    def start(self, now: float) -> float:
        """Take the next turn: when it is."""
        turn = max(now, self.not_before)
        self.not_before = turn + max(self.slower, 1 / self.rate if self.rate else 0.0)
        return turn

    def wait_until(self, moment: float) -> None:
        """Let nothing start before."""
        self.not_before = max(self.not_before, moment)

    def limited(self, now: float, retry_after: float | None) -> None:
        """The service limited the rate, and may have said for how many seconds."""
        self.slower = min(max(self.slower * 2, _SLOWER), _SLOWEST)
        self.wait_until(now + (retry_after or self.slower))

    def succeeded(self) -> None:
        """A request came through."""
        self.slower = self.slower * _RECOVERY if self.slower > _SLOWER / 4 else 0.0
