"""``Generation``: a transaction counter next to the database that detects a restored or lost database.

The database counts its transactions. The file repeats the count after each of them, so it is never ahead
of a database that was used, and it is ahead of an older copy. It is not synced: after a loss of power it may
be behind, which is harmless.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from runcomfy.errors import JournalRestored, JournalUnwritable

from .locks import GENERATION, LockFile

__all__ = ["Generation", "Mark"]

_FORM = re.compile(r"([0-9a-f]{32}) ([0-9]{20})\n")
_LENGTH = 54
#: Seconds to wait while another process writes the file.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Mark:
    """The id of a journal, and its transaction count."""

    journal_id: str
    count: int

    def text(self) -> bytes:
        """The content of the file, always of the same length."""
        return f"{self.journal_id} {self.count:020d}\n".encode("ascii")


class Generation:
    """The file of one journal."""

    def __init__(self, path: Path, locks: LockFile) -> None:
        self.path = path
        self._locks = locks
        self._file: int | None = None

    def read(self) -> Mark | None:
        """The mark; ``None`` if there is no file. Raises ``JournalRestored`` if its content is not a mark."""
        try:
            with self._locks.exclusive(GENERATION, _PATIENCE):
                text = self.path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            text = ""
        found = _FORM.fullmatch(text)
        if found is None:
            raise JournalRestored(
                f"{self.path} cannot be read, so it is unknown whether its journal is the latest; "
                "pass accept_restored=True to continue with the journal as it is"
            )
        return Mark(found[1], int(found[2]))

    def write(self, mark: Mark) -> None:
        """Write the file anew, as a whole, and make it last."""
        beside = self.path.with_name(self.path.name + ".new")
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(file, mark.text())
            os.fsync(file)
        finally:
            os.close(file)
        beside.replace(self.path)

    def raise_to(self, mark: Mark) -> None:
        """Raise the stored count to at least this value; other processes may do the same."""
        with self._locks.exclusive(GENERATION, _PATIENCE):
            try:
                if self._file is None:
                    self._file = os.open(self.path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
                os.lseek(self._file, 0, os.SEEK_SET)
                text = os.read(self._file, _LENGTH + 1).decode("ascii", "replace")
                found = _FORM.fullmatch(text)
                in_place = os.path.samestat(self.path.stat(), os.fstat(self._file))
                if found is None or found[1] != mark.journal_id or not in_place:
                    raise self._replaced()
                if int(found[2]) < mark.count:
                    os.lseek(self._file, 0, os.SEEK_SET)
                    os.write(self._file, mark.text())
            except FileNotFoundError:
                raise self._replaced() from None
            except OSError as error:
                raise JournalUnwritable(
                    f"{self.path} cannot be written: {error.strerror}"
                ) from error

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _replaced(self) -> JournalRestored:
        return JournalRestored(
            f"{self.path} was removed or replaced while its journal was open. End all programs that use "
            "this journal, and start them again"
        )
