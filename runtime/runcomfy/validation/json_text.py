"""Parsing JSON: the value, or the reason and the position of the error."""

from __future__ import annotations

from json import JSONDecodeError, JSONDecoder, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runcomfy.model.violation import Violation

__all__ = ["NotJSON", "read_json", "read_line"]

#: Characters kept of a text that is not JSON.
_KEPT = 200
_raw_decode = JSONDecoder().raw_decode


class NotJSON(ValueError):
    """A text is not valid JSON. ``place`` is the position, or ``""`` if unknown."""

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(f"is not valid JSON: {reason}{place and ' at '}{place}")
        self.reason = reason
        self.place = place

    def violation(self, text: str | bytes) -> Violation:
        """The same as a finding of a report, with the beginning of the text as its value."""
        from runcomfy.model.violation import Violation

        start = text[:_KEPT]
        value = start if isinstance(start, str) else start.decode(errors="replace")
        return Violation("", "syntax", value.strip(), "JSON", str(self))


def read_json(text: str | bytes, *, one_line: bool = False) -> Any:
    """The value of a JSON text. Skips a byte order mark. Raises ``NotJSON``.

    NaN and the infinities are read, as the standard library does, for a validator to name. For a
    text of ``one_line`` the place of a fault is just its column.

    >>> read_json(b'{"seed": 1,}')
    Traceback (most recent call last):
    NotJSON: is not valid JSON: Expecting property name enclosed in double quotes at line 1, column 12
    """
    try:
        text = text if isinstance(text, str) else str(text, "utf-8")
        if one_line:
            text = text.rstrip("\r\n")  # the position is the end of the line
        return loads(text.removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        column = error.start - error.object.rfind(b"\n", 0, error.start)
        raise NotJSON("the text is not UTF-8", _place(line, column, one_line)) from None
    except JSONDecodeError as error:
        raise NotJSON(error.msg, _place(error.lineno, error.colno, one_line)) from None
    except RecursionError:
        raise NotJSON("it is nested too deeply to be read") from None
    except ValueError:  # the interpreter's own limit on the digits of a number
        raise NotJSON("it contains a number with too many digits") from None


def _place(line: int, column: int, one_line: bool) -> str:
    return f"column {column}" if one_line else f"line {line}, column {column}"


def read_line(line: str | bytes) -> Any:
    """The value of a line, fast and without a reason: whatever is unusual raises ``ValueError``."""
    text = line if isinstance(line, str) else str(line, "utf-8")
    value, end = _raw_decode(text)
    if end != len(text) and text[end:].strip(" \t\r\n"):
        raise ValueError("more than one value")
    return value
