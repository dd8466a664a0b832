"""``Row``: one payload of a file of rows, and the error for an unreadable file."""

from __future__ import annotations

from typing import Any

from runcomfy.errors import RunComfyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runcomfy.model.violation import Violation

__all__ = ["InputRow", "RowsUnreadable"]


class RowsUnreadable(RunComfyError, ValueError):
    """The rows of a file cannot be read. The message names the file, the place and the next step."""


class InputRow:
    """One row: its payload, or the reason why it has none.

    ``number`` starts at 1: the line in JSON Lines, the row below the header in a table. ``payload`` is plain
    JSON data and the caller's own. ``extra`` holds the members that were to be left out of it.
    """

    __slots__ = ("extra", "fault", "number", "payload")

    def __init__(
        self,
        number: int,
        payload: dict[str, Any] | None,
        fault: Violation | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self.number = number
        self.payload = payload
        self.fault = fault
        self.extra = extra or {}

    @property
    def blank(self) -> bool:
        """Whether the row is empty."""
        return self.payload is None and self.fault is None

    def __repr__(self) -> str:
        return f"<Row {self.number}: {self.fault or self.payload}>"
