"""Lines that know how they are shared out among processes: those of objects and of Parquet files."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol, TypeGuard

    from .scanner import Line, LineScan

    #: A function for workers, and its arguments.
    Chunk = tuple[Callable[..., LineScan], tuple[Any, ...]]

    class Shareable(Protocol):
        """Lines that know how they are shared out."""

        def __iter__(self) -> Iterator[Line]: ...

        def chunks(self) -> Iterator[Chunk]:
            """The work for other processes, in the order of the lines."""
            ...


__all__ = ["shareable"]


def shareable(lines: object) -> TypeGuard[Shareable]:
    """Whether the lines know how they are shared out."""
    return hasattr(lines, "chunks")
