"""The states of an entry, and the allowed transitions."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["ENDED", "FREE", "NEXT", "REPEATABLE", "RESERVED", "STATES", "State"]

State: TypeAlias = Literal[
    "posting",
    "submitted",
    "succeeded",
    "failed",
    "cancelled",
    "expired",
    "unknown",
    "not_sent",
    "invalid",
    "skipped",
]

#: What may become of an entry without another claim. An expired one may be found again.
NEXT: dict[State, frozenset[State]] = {
    "posting": frozenset({"submitted", "unknown", "not_sent"}),
    "unknown": frozenset({"submitted", "not_sent"}),
    "submitted": frozenset({"succeeded", "failed", "cancelled", "expired"}),
    "expired": frozenset({"succeeded", "failed", "cancelled"}),
    "succeeded": frozenset({"expired"}),
    "failed": frozenset(),
    "cancelled": frozenset(),
    "not_sent": frozenset(),
    "invalid": frozenset({"skipped"}),
    "skipped": frozenset({"invalid"}),
}

STATES: frozenset[State] = frozenset(NEXT)
#: Nothing was sent: the key may be claimed again, with any payload.
FREE: frozenset[State] = frozenset({"not_sent", "invalid", "skipped"})
#: Submitted and ended: another claim is granted only on request.
REPEATABLE: frozenset[State] = frozenset({"succeeded", "failed", "cancelled", "expired"})
#: It may cost money that is not known yet.
RESERVED: frozenset[State] = frozenset({"posting", "submitted", "unknown"})
#: States that change only by an action of the user.
ENDED: frozenset[State] = FREE | REPEATABLE
