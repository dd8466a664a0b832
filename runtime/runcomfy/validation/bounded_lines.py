"""Lines of a file of rows, none longer than any request can be."""

from __future__ import annotations

from .row import RowsUnreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["LONGEST", "bounded_lines"]

#: Bytes of a line, and characters of a cell: the service takes no larger body.
LONGEST = 64 * 2**20
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def bounded_lines(file: BinaryIO, name: str, advice: str) -> Iterator[bytes]:
    """The lines. Raises ``RowsUnreadable`` for one that is too long, without reading it whole, and for UTF-16.

    ``advice`` says how to save the file in UTF-8.
    """
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        if number == 1 and line.startswith(_UTF16):
            raise RowsUnreadable(f"{name} is UTF-16 text; {advice}")
        if len(line) > LONGEST:
            raise RowsUnreadable(
                f"{name}, line {number} is longer than {LONGEST // 2**20} MiB, more than a request can hold; each row "
                "must be on its own line"
            )
        yield line
