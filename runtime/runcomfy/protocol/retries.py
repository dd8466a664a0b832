"""The retry and polling policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from runcomfy.errors import ConfigurationError

from .http_dates import seconds_between
from .steps import Action, FailureKind

__all__ = ["MAY_BE_ACCEPTED", "Polling", "Retries", "retry_after", "failure_kind_of"]

_NONE: frozenset[Action] = frozenset()
_FREE: frozenset[Action] = frozenset({"read", "cancel", "download"})
_ALL: frozenset[Action] = frozenset({"submit", "read", "cancel", "download"})

#: The actions that are retried after each kind of failure. A submit is billed, so it is retried only if it
#: certainly did not reach the service, or the service says that it did not accept it.
_REPEATED: dict[FailureKind, frozenset[Action]] = {
    "not sent": _NONE,
    "not connected": _ALL,
    "rate limited": _ALL,
    "response lost": _FREE,
    "response unreadable": _FREE,
    "server fault": _FREE,
    "redirected": _NONE,
    "refused": _NONE,
    "not visible yet": _FREE,
    "contradictory": _NONE,
}

#: The failures after which a submit may have been accepted; ``lost_submit`` also examines the response.
MAY_BE_ACCEPTED: frozenset[FailureKind] = frozenset(
    {"response lost", "response unreadable", "server fault", "redirected", "contradictory"}
)

#: HTTP statuses that mean something other than their class (3xx, 4xx, 5xx) does.
_STATUSES: dict[int, FailureKind] = {408: "server fault", 425: "server fault", 429: "rate limited"}
_CLASSES: dict[int, FailureKind] = {3: "redirected", 4: "refused", 5: "server fault"}

#: The longest ``Retry-After`` that is believed, in seconds: a day.
_LONGEST_ASKED = 86_400.0


def failure_kind_of(status: int) -> FailureKind:
    """The failure kind of an unsuccessful HTTP status."""
    return _STATUSES.get(status) or _CLASSES.get(status // 100, "response unreadable")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is retried, and after which pause. Reads are limited by the deadline only.

    ``downloads`` counts the attempts in a row that brought no new part of the file. Pauses grow from
    ``first`` to ``ceiling`` seconds. ``visible_after`` is the number of seconds for which HTTP 404 about a
    request that was just accepted, or has just ended, means "not visible yet".

    >>> Client(retries=Retries(submits=0, ceiling=60))
    """

    submits: int = 4
    cancels: int = 4
    downloads: int = 4
    first: float = 0.5
    ceiling: float = 20.0
    visible_after: float = 10.0

    def __post_init__(self) -> None:
        for name in ("submits", "cancels", "downloads"):
            given = getattr(self, name)
            if type(given) is not int or given < 0:
                raise ConfigurationError(
                    f"retries needs {name} as a whole number of 0 or more, got {given!r:.80}"
                )
        _require_seconds("retries", self, ("first", "ceiling", "visible_after"))
        if not 0 < self.first <= self.ceiling:
            raise ConfigurationError("retries needs 0 < first <= ceiling, in seconds")

    def repeats(self, action: Action, kind: FailureKind, attempt: int) -> bool:
        """Whether the call is retried after failed attempt number ``attempt``, counted from 0."""
        if kind == "not visible yet":
            return action in _REPEATED[kind]  # bounded by time
        limit = {
            "submit": self.submits,
            "cancel": self.cancels,
            "download": self.downloads,
        }.get(action)
        return action in _REPEATED[kind] and (limit is None or attempt < limit)

    def pause(self, attempt: int, asked: float | None, chance: float) -> float:
        """Seconds to wait: doubled each time, jittered, and at least ``Retry-After``."""
        doubled = min(self.ceiling, self.first * 2.0 ** min(attempt, 32))
        return max(doubled * (0.5 + chance / 2), asked or 0.0)


@dataclass(frozen=True, slots=True)
class Polling:
    """The poll interval: between ``floor`` and ``ceiling`` seconds.

    A pause is a twentieth of the time since the status last changed, so that a long job is asked
    about less often, and longer the further back in the queue the request is.

    >>> Client(polling=Polling(floor=2, ceiling=30))
    """

    floor: float = 0.5
    ceiling: float = 10.0

    def __post_init__(self) -> None:
        _require_seconds("polling", self, ("floor", "ceiling"))
        if not 0 < self.floor <= self.ceiling:
            raise ConfigurationError("polling needs 0 < floor <= ceiling, in seconds")

    def pause(
        self, unchanged: float, position: int | None, asked: float | None, chance: float
    ) -> float:
        """Seconds until the next poll; ``asked`` is the value of ``Retry-After``."""
        wanted = max(unchanged / 20, self.floor * (1 + min(position or 0, 100)))
        jittered = min(wanted, self.ceiling) * (0.85 + 0.3 * chance)
        return max(min(max(jittered, self.floor), self.ceiling), asked or 0.0)


def _require_seconds(what: str, policy: object, names: tuple[str, ...]) -> None:
    for name in names:
        given = getattr(policy, name)
        number = isinstance(given, (int, float)) and not isinstance(given, bool)
        if not number or not 0 <= given < inf:
            raise ConfigurationError(
                f"{what} needs {name} as a number of seconds, 0 or more, got {given!r:.80}"
            )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The value of ``Retry-After`` in seconds. A date is relative to the response's own ``Date``."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    # Whole seconds by the standard; some services send fractions.
    if value.isascii() and value.replace(".", "", 1).isdigit() and len(value) < 10:
        return min(float(value), _LONGEST_ASKED)
    asked = seconds_between(headers.get("date", ""), value)
    return None if asked is None else min(max(asked, 0.0), _LONGEST_ASKED)
