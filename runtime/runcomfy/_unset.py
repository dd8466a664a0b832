"""``UNSET``: the value of an input that was not given.

An input that is ``UNSET`` is not sent. It is neither ``None`` (which is sent as ``null``) nor the
demo value of the documentation page.
"""

from __future__ import annotations

__all__ = ["UNSET", "Unset"]


class Unset:
    """The type of ``UNSET``; ``isinstance(value, Unset)`` tells whether an input was left out."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"

    def __copy__(self) -> Unset:
        return self

    def __deepcopy__(self, memo: object) -> Unset:
        return self


UNSET = Unset()
