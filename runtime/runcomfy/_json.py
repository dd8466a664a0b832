"""Reading JSON: the value, or the reason and the place why a text is none."""

from __future__ import annotations

from json import JSONDecodeError, JSONDecoder, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .violation import Violation

__all__ = ["NotJSON", "read_json", "read_line"]

#: How much of a text that is no JSON is kept.
_KEPT = 200
_raw_decode = JSONDecoder().raw_decode


class NotJSON(ValueError):
    """A text that is no JSON. ``line`` and ``column`` start at 1 and are ``None`` where unknown."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        place = f" at line {line}, column {column}" if line else ""
        super().__init__(f"is no JSON: {reason}{place}")
        self.reason = reason
        self.line = line
        self.column = column

    def violation(self, text: str | bytes) -> Violation:
        """The same as a finding of a report, with the beginning of the text as its value."""
        from .violation import Violation

        start = text[:_KEPT]
        value = start if isinstance(start, str) else start.decode(errors="replace")
        return Violation("", "syntax", value.strip(), "JSON", str(self))


def read_json(text: str | bytes) -> Any:
    """The value that a text holds. A byte order mark is skipped. Raises ``NotJSON``.

    NaN and the infinities are read, as the standard library does, for a validator to name.

    >>> read_json(b'{"seed": 1,}')
    Traceback (most recent call last):
    NotJSON: is no JSON: Expecting property name enclosed in double quotes at line 1, column 12
    """
    try:
        text = text if isinstance(text, str) else str(text, "utf-8")
        return loads(text.removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        column = error.start - error.object.rfind(b"\n", 0, error.start)
        raise NotJSON("the text is not UTF-8", line, column) from None
    except JSONDecodeError as error:
        raise NotJSON(error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise NotJSON("it is nested too deeply to be read") from None
    except ValueError:  # the interpreter's own limit on the digits of a number
        raise NotJSON("it holds a number with too many digits") from None


def read_line(line: str | bytes) -> Any:
    """The value of a line, fast and without a reason: whatever is unusual raises ``ValueError``."""
    text = line if isinstance(line, str) else str(line, "utf-8")
    value, end = _raw_decode(text)
    if end != len(text) and text[end:].strip(" \t\r\n"):
        raise ValueError("more than one value")
    return value
