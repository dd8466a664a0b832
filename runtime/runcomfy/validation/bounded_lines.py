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
#: The first bytes of files that are no lines of UTF-8 text -> what they are. Text in UTF-16 may lack its mark.
_OTHERS = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\x03\x04": "a file of a spreadsheet program, or an archive",
    b"\xd0\xcf\x11\xe0": "a file of a spreadsheet program",
    b"\x1f\x8b": "a compressed file",
    b"PAR1": "a Parquet file",
}


def bounded_lines(file: BinaryIO, name: str, advice: str) -> Iterator[bytes]:
    """The lines. Raises ``RowsUnreadable`` for one that is too long, without reading it whole, and for other files.

    ``advice`` says how to save the file in UTF-8.
    """
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise RowsUnreadable(
                f"{name}, line {number} is longer than {LONGEST // 2**20} MiB, more than a request can hold; each row "
                "must be on its own line"
            )
        if number == 1 and (other := _other(line)):
            raise RowsUnreadable(f"{name} is {other}; {advice}")
        yield line


def _other(line: bytes) -> str | None:
    """What a file is that is no UTF-8 text, by its first line."""
    for start, what in _OTHERS.items():
        if line.startswith(start):
            return what
    return "UTF-16 text" if b"\0" in line[:2] else None
