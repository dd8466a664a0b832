"""A run-time substitute for ``typing.TypedDict``, because importing typing takes longer than a validation."""

from __future__ import annotations

import sys

from .output import lazy_hints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["TypedDict"]


class TypedDict:
    """The base of nested objects in generated modules; type checkers see the one of typing.

    Like there, an instance is a plain dict.

    >>> Lora(path="https://example.com/a.safetensors", scale=0.5)
    {'path': 'https://example.com/a.safetensors', 'scale': 0.5}
    """

    def __new__(cls, *given: Any, **members: Any) -> Any:
        """A dict of the members; called on the base itself, as ``TypedDict(name, members)``, a new class."""
        if cls is not TypedDict:
            return dict(*given, **members)
        name, annotations = given
        module = sys._getframe(1).f_globals["__name__"]
        return type(name, (TypedDict,), {"__annotations__": annotations, "__module__": module})

    def __init_subclass__(cls) -> None:
        """Make the members' annotations lazy."""
        lazy_hints(cls, cls.__module__)
