"""runcomfy: a typed, offline-validating client for the RunComfy Model API.

>>> import runcomfy
>>> report = runcomfy.validate("openai/gpt-image-2/edit", {"prompt": "add a hat", "images": []})
>>> print(report.errors[0])
/images: must have at least 1 item, has 0

Names are imported when they are used, so that a small script starts fast.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._registry import model_ids, register
    from ._unset import UNSET, Unset
    from ._validate import validate
    from ._version import __version__
    from .bulk import validate_lines
    from .errors import (
        IncompatiblePackage,
        MissingExtra,
        RunComfyError,
        UnknownModel,
        ValidationError,
    )
    from .output import Output
    from .report import Report, Unchecked
    from .request import Request
    from .violation import Violation

__all__ = [
    "UNSET",
    "IncompatiblePackage",
    "MissingExtra",
    "Output",
    "Report",
    "Request",
    "RunComfyError",
    "Unchecked",
    "UnknownModel",
    "Unset",
    "ValidationError",
    "Violation",
    "__version__",
    "model_ids",
    "register",
    "validate",
    "validate_lines",
]

_HOMES = {
    "UNSET": "_unset",
    "IncompatiblePackage": "errors",
    "MissingExtra": "errors",
    "Output": "output",
    "Report": "report",
    "Request": "request",
    "RunComfyError": "errors",
    "Unchecked": "report",
    "UnknownModel": "errors",
    "Unset": "_unset",
    "ValidationError": "errors",
    "Violation": "violation",
    "__version__": "_version",
    "model_ids": "_registry",
    "register": "_registry",
    "validate": "_validate",
    "validate_lines": "bulk",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'runcomfy' has no attribute {name!r}")
    value: object = getattr(__import__(f"{__name__}.{home}", fromlist=(name,)), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
