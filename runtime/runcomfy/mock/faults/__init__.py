"""``FAULTS``: all faults by name.

Each fault defines its actions, its change to the response, and whether it applies after the request was
processed (so that a submit is accepted and billed).
"""

from __future__ import annotations

from runcomfy.model.suggestions import did_you_mean

from .base import Fault, Scene
from .bodies import BODY_FAULTS
from .connection import WIRE_FAULTS
from .fields import WORD_FAULTS
from .files import FILE_FAULTS
from .results import RESULT_FAULTS
from .statuses import STATUS_FAULTS

__all__ = ["FAULTS", "Fault", "Scene", "find_fault"]

#: Every fault by its name, in the order of the documentation.
FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        *WIRE_FAULTS,
        *STATUS_FAULTS,
        *BODY_FAULTS,
        *WORD_FAULTS,
        *RESULT_FAULTS,
        *FILE_FAULTS,
    )
}


def find_fault(name: str) -> Fault:
    """The fault of that name. Raises ``ValueError`` with similar names."""
    fault = FAULTS.get(name)
    if fault is None:
        raise ValueError(f"there is no fault {name!r}{did_you_mean(name, FAULTS)}")
    return fault
