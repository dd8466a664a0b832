"""The steps that a flow yields, and their replies.

Those of every call are not frozen, since frozen ones take three times as long to make.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from runcomfy.status import Status

__all__ = [
    "Action",
    "Call",
    "Drain",
    "Drained",
    "Failure",
    "FailureKind",
    "Flow",
    "Head",
    "Open",
    "Reply",
    "Response",
    "Send",
    "Sleep",
    "StatusReport",
    "Step",
    "Tick",
    "Transfer",
]

#: The effect of a call: a submit is billed, a read or download changes nothing, a cancel can be repeated.
Action: TypeAlias = Literal["submit", "read", "cancel", "download"]

#: The ways in which a call can fail. ``retries`` decides what follows.
FailureKind: TypeAlias = Literal[
    "not sent",
    "not connected",
    "response lost",
    "response unreadable",
    "redirected",
    "rate limited",
    "refused",
    "server fault",
    "not visible yet",
    "contradictory",
]


@dataclass(slots=True)
class Call:
    """One API call. ``path`` starts at the base URL; the transport adds the token."""

    action: Action
    method: Literal["GET", "POST"]
    path: str
    body: bytes | None = field(default=None, repr=False)


@dataclass(slots=True)
class Send:
    """Make the call, within ``timeout`` seconds. The reply is a ``Response`` or a ``Failure``."""

    call: Call
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Request a file, within ``timeout`` seconds. The reply is a ``Head`` or a ``Failure``."""

    url: str = field(repr=False)
    headers: Mapping[str, str]
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Drain:
    """Write the opened body after the first ``start`` bytes. The reply is a ``Drained``.

    Stop when more than ``limit`` bytes have arrived, or after ``timeout`` seconds. ``total`` is for progress
    reports.
    """

    start: int
    limit: int
    total: int | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait. The reply is a ``Tick``. ``reason`` is for the log, and empty between ordinary polls."""

    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Report the status to the caller. The reply is a ``Tick``."""

    request_id: str
    status: Status


@dataclass(slots=True)
class Response:
    """The response of the server. Look headers up by lower-case names."""

    now: float
    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a response. Header names are in lower case."""

    now: float
    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Drained:
    """The number of bytes written, and the first ones; ``broken`` is the error that cut the body, if any."""

    now: float
    received: int
    broken: str = ""
    first: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """No response, and the reason."""

    now: float
    kind: FailureKind
    text: str


@dataclass(slots=True)
class Tick:
    """The time after a sleep or a report, on the clock that the flow was started with."""

    now: float


#: The steps that a transport executes, and its replies.
Transfer: TypeAlias = Send | Open | Drain
Reply: TypeAlias = Response | Head | Drained | Failure

Step: TypeAlias = Transfer | Sleep | StatusReport

_ReturnT = TypeVar("_ReturnT")

#: What is sent depends on the step: ``Response | Failure`` after ``Send``, ``Head | Failure`` after ``Open``,
#: ``Drained`` after ``Drain``, ``Tick`` after the others.
Flow: TypeAlias = Generator[Step, Any, _ReturnT]
