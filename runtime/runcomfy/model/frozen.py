"""Immutable dicts inside requests, and the dataclass fields of a request."""

from __future__ import annotations

import dataclasses
from typing import Any, NoReturn

from .json_values import UNSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .request import Request

__all__ = ["FrozenDict", "dataclass_fields"]


class FrozenDict(dict[str, Any]):
    """An immutable object inside a request; ``dict(…)`` makes a mutable copy."""

    __slots__ = ()

    __setitem__: Any
    __delitem__: Any
    __ior__: Any
    clear: Any
    pop: Any
    popitem: Any
    setdefault: Any
    update: Any

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none, and changes
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError("a request is frozen; make a changed copy with .replace(…)")


for _method in "__setitem__ __delitem__ __ior__ clear pop popitem setdefault update".split():
    setattr(FrozenDict, _method, _refuse)


def dataclass_fields(cls: type[Request[Any]]) -> dict[str, dataclasses.Field[Any]]:
    """The inputs as the fields of a dataclass."""
    fields: list[tuple[str, Any, Any]] = [
        (
            name,
            Any,
            dataclasses.field() if name in cls._required else dataclasses.field(default=UNSET),
        )
        for name in cls._wire_names
    ]
    made: Any = dataclasses.make_dataclass(cls.__name__, fields, kw_only=True)
    found: dict[str, dataclasses.Field[Any]] = made.__dataclass_fields__
    return found
