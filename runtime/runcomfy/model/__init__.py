"""The names that generated modules import, and the check of their format version.

Programs import from ``runcomfy`` itself.
"""

from __future__ import annotations

from . import checks
from .checks import *  # noqa: F403  # a check that is added there is for generated modules, without a second list
from .json_values import UNSET, Unset, find_non_json, is_finite, is_multiple
from .media import MediaInput, MediaRule
from .output import Output
from .registry import load_class, look_elsewhere, names_in_index
from .request import Request
from .violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .media_source import MediaSource
    from .typed_dict import TypedDict

#: What the generator may use in generated modules: it derives their imports and the calls that it allows from this list.
__all__ = [
    "FORMAT",
    "UNSET",
    "MediaInput",
    "MediaRule",
    "MediaSource",
    "Output",
    "Request",
    "TypedDict",
    "Unset",
    "Violation",
    "find_non_json",
    "is_finite",
    "is_multiple",
    "load_class",
    "names_in_index",
    "require_format",
]
__all__ += checks.__all__

#: The format of generated packages, (major, minor). Major: older packages cannot work any longer. Minor: newer packages
#: use a name that this list did not have before; older ones go on working.
FORMAT = (5, 4)


def __getattr__(name: str) -> object:
    # Few generated modules need these, and typing takes longer to import than a validation.
    if name == "MediaSource":
        from .media_source import MediaSource

        return MediaSource
    if name == "TypedDict":
        from .typed_dict import TypedDict

        return TypedDict
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def require_format(package: str, major: int, minor: int = 0) -> None:
    """Raise on import of ``package`` if this runtime does not support its format.

    Raises ``IncompatiblePackage``, which is an ``ImportError``.
    """
    if major == FORMAT[0] and minor <= FORMAT[1]:
        module = __import__("sys").modules.get(package)
        if module is not None and not hasattr(module, "__getattr__"):
            module.__getattr__ = lambda name: look_elsewhere(package, name)
        return
    from runcomfy.errors import IncompatiblePackage

    newer = "this runcomfy is too old: upgrade it (pip install -U runcomfy)"
    older = "it is too old: run 'runcomfy-codegen generate' again"
    raise IncompatiblePackage(
        f"The generated package {package} is in format {major}.{minor} and this runcomfy reads format "
        f"{FORMAT[0]}.{FORMAT[1]}; {newer if (major, minor) > FORMAT else older}."
    )
