"""The names that generated modules import, and the agreement about their format.

Programs import from ``runcomfy`` itself.
"""

from __future__ import annotations

from .checks import (
    Choices,
    check_by_library,
    check_others,
    is_member,
    matches,
    wrong_items,
)
from .json_values import UNSET, Unset, find_non_json, is_finite, is_multiple
from .media import MediaInput, MediaRule
from .output import Output
from .request import Request
from .violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .media_source import MediaSource as MediaSource

__all__ = [
    "FORMAT",
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

#: The format of generated packages, (major, minor). Major: older packages cannot work any more. Minor: newer packages
#: use a name that this list did not have before; older ones go on working.
FORMAT = (4, 0)


def require_format(package: str, major: int, minor: int = 0) -> None:
    """Refuse ``package`` at its import when it was written in a format that this runtime cannot serve.

    Raises ``IncompatiblePackage``, which is an ``ImportError``.
    """
    if major == FORMAT[0] and minor <= FORMAT[1]:
        return
    from runcomfy.errors import IncompatiblePackage

    newer = "this runcomfy is too old: upgrade it (pip install -U runcomfy)"
    older = "it is too old: run 'runcomfy-codegen generate' again"
    raise IncompatiblePackage(
        f"The generated package {package} is in format {major}.{minor} and this runcomfy reads format "
        f"{FORMAT[0]}.{FORMAT[1]}; {newer if (major, minor) > FORMAT else older}."
    )
