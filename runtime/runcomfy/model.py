"""The names that generated modules import. Programs import from ``runcomfy`` itself."""

from __future__ import annotations

from ._checks import (
    check_by_library,
    check_others,
    is_finite,
    is_member,
    is_multiple,
    matches,
    wrong_items,
)
from ._handshake import require_format
from ._plain import find_non_json
from ._unset import UNSET, Unset
from .choices import Choices
from .media import MediaInput, MediaRule
from .output import Output
from .request import Request
from .violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .media.source import MediaSource as MediaSource

__all__ = [
    "UNSET",
    "Choices",
    "MediaInput",
    "MediaRule",
    "Output",
    "Request",
    "Unset",
    "Violation",
    "check_by_library",
    "check_others",
    "find_non_json",
    "is_finite",
    "is_member",
    "is_multiple",
    "matches",
    "require_format",
    "wrong_items",
]
