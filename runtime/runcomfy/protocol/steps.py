"""What a flow yields, and what it is sent back."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from runcomfy.status import Status

__all__ = [
    "Action",
    "Response",
    "Call",
    "Failure",
    "Flow",
    "StatusReport",
    "Send",
    "Sleep",
    "Step",
    "Tick",
    "FailureKind",
]

#: What a call does: a submit is billed, a read and a download change nothing, a cancel can be repeated.
Action: TypeAlias = Literal["submit", "read", "cancel", "download"]

#: What can go wrong with a call. ``retries`` says what follows from each.
FailureKind: TypeAlias = Literal[
    "not sent",
    "not connected",
    "response lost",
    "answer unreadable",
    "redirected",
    "rate limited",
    "refused",
    "server fault",
    "not visible yet",
    "contradictory",
]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API. ``path`` starts at the base URL; the driver adds the token."""

    action: Action
    method: Literal["GET", "POST"]
    path: str
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Send:
    """Make the call, within ``timeout`` seconds; be sent an ``Response`` or a ``Failure``."""

    call: Call
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait; be sent a ``Tick``. ``reason`` is for the log and empty between ordinary polls."""

    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Tell the caller where the request is; be sent a ``Tick``."""

    request_id: str
    status: Status


@dataclass(frozen=True, slots=True)
class Response:
    """What the server answered. Headers are looked up by names in lower case."""

    now: float
    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """There is no answer, and why."""

    now: float
    kind: FailureKind
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """The time after a sleep or a report, on the clock that the flow was started with."""

    now: float


Step: TypeAlias = Send | Sleep | StatusReport

_ReturnT = TypeVar("_ReturnT")

#: What is sent depends on the step: ``Answer | Failure`` after ``Send``, ``Tick`` after the others.
Flow: TypeAlias = Generator[Step, Any, _ReturnT]
