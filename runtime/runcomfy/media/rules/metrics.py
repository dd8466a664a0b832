"""Metrics: expressions over the facts of a file.

``file_size_mb``, ``width/height`` or ``width * height / 1000000``: names, numbers, ``+ - * /`` and
parentheses.

>>> metric("width/height").values(MediaInfo(width=640, height=480))
(1.3333333333333333,)
"""

from __future__ import annotations

from runcomfy.media.formats import FORMATS

from .bounds import OPERATORS, READINGS, formats_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runcomfy.media.probe.info import MediaInfo

    from .bounds import Value

    #: A number, an operator, or the name of a fact and its unit.
    Step = float | str | tuple[str, str]

__all__ = ["Metric", "UnknownMetric", "metric", "problem"]

#: Name in a rule -> the fact that it denotes, and its unit.
_NAMES = {
    **dict.fromkeys(("file_size_bytes", "size_bytes"), ("size", "B")),
    **dict.fromkeys(("file_size_kb", "size_kb"), ("size", "KB")),
    **dict.fromkeys(("file_size_mb", "size_mb"), ("size", "MB")),
    **dict.fromkeys(("file_size_gb", "size_gb"), ("size", "GB")),
    **dict.fromkeys(
        ("width_pixels", "width_px", "width", "image_width", "video_width"), ("width", "px")
    ),
    **dict.fromkeys(
        ("height_pixels", "height_px", "height", "image_height", "video_height"), ("height", "px")
    ),
    **dict.fromkeys(
        (
            "duration",
            "duration_s",
            "duration_sec",
            "duration_seconds",
            "video_duration",
            "video_duration_s",
            "video_duration_seconds",
            "audio_duration",
            "audio_duration_s",
            "audio_duration_seconds",
        ),
        ("duration", "s"),
    ),
    **dict.fromkeys(("duration_ms", "duration_milliseconds"), ("duration", "ms")),
    **dict.fromkeys(
        ("fps", "frame_rate", "framerate", "frames_per_second", "video_fps"), ("frame_rate", "fps")
    ),
    **dict.fromkeys(("format", "file_format"), ("format", "")),
}
#: Name in a rule -> the expression that it denotes.
_EXPRESSIONS = {
    "aspect_ratio": "width/height",
    "pixels": "width*height",
    "total_pixels": "width*height",
    "megapixels": "width*height/1000000",
}
_LONGEST = 200
_known: dict[str, Metric] = {}


class UnknownMetric(Exception):
    """A metric that cannot be measured."""


class Metric:
    """A parsed metric. ``facts`` are the facts it needs, ``units`` their units."""

    __slots__ = ("_named", "_steps", "facts", "units")

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps
        self._named = [*dict.fromkeys(step for step in steps if isinstance(step, tuple))]
        self.facts = tuple(fact for fact, _ in self._named)
        self.units = tuple(unit for _, unit in self._named)

    def values(self, info: MediaInfo) -> tuple[Value, ...] | None:
        """The value under each reading of its units; ``None`` if a fact is missing."""
        if self.facts == ("format",):
            return None if info.format is None else (info.format,)
        every: list[dict[Step, float]] = [{}]
        for fact, unit in self._named:
            known = getattr(info, fact)
            if known is None:
                return None
            read = [reading(known) for reading in READINGS[unit]]
            every = [{**one, (fact, unit): value} for one in every for value in read]
        try:
            return tuple(self._value(one) for one in every)
        except (ZeroDivisionError, OverflowError):
            return None

    def _value(self, named: dict[Step, float]) -> float:
        stack: list[float] = []
        for step in self._steps:
            if isinstance(step, tuple):
                stack.append(named[step])
            elif isinstance(step, str):
                right, left = stack.pop(), stack.pop()
                stack.append(_apply(step, left, right))
            else:
                stack.append(step)
        return stack[0]


def _apply(operator: str, left: float, right: float) -> float:
    if operator == "*":
        return left * right
    if operator == "/":
        return left / right
    return left + right if operator == "+" else left - right


def metric(text: str) -> Metric:
    """Parse a metric expression. Raises ``UnknownMetric``."""
    found = _known.get(text)
    if found is None:
        found = _known[text] = Metric(_parsed(text))
    return found


def problem(text: str, operator: str, limit: object) -> str:
    """The reason why a rule can never be checked; ``""`` if there is none."""
    try:
        measured = metric(text)
    except UnknownMetric as unknown:
        return str(unknown)
    if operator not in OPERATORS:
        return f"unknown operator {operator}" if operator else "its operator is missing"
    if measured.facts == ("format",):
        if operator.strip("="):
            return f"a format cannot be compared with {operator}"
        names = formats_in(limit)
        known = names & FORMATS.keys() and "*" not in names
        return "" if known else "its limit contains no known format"
    return "" if isinstance(limit, (int, float)) else "its limit is not a number"


def _parsed(text: str) -> list[Step]:
    """The expression in postfix notation."""
    unknown = UnknownMetric(f"unknown metric {text[:_LONGEST]}")
    parts = _parts(text) if len(text) <= _LONGEST else []
    steps: list[Step] = []
    waiting: list[str] = []  # operators and open parentheses
    operand = True  # whether one is expected
    for part in parts:
        if operand and part == "(":
            waiting.append(part)
        elif operand:
            steps += _operand(part, unknown)
            operand = False
        elif part == ")":
            while waiting and waiting[-1] != "(":
                steps.append(waiting.pop())
            if not waiting:
                raise unknown
            waiting.pop()
        elif part in _RANKS:
            while waiting and _RANKS.get(waiting[-1], 0) >= _RANKS[part]:
                steps.append(waiting.pop())
            waiting.append(part)
            operand = True
        else:
            raise unknown
    steps += reversed(waiting)
    facts = {step[0] for step in steps if isinstance(step, tuple)}
    if operand or not facts or "(" in waiting or (len(steps) > 1 and "format" in facts):
        raise unknown
    return steps


_RANKS = {"+": 1, "-": 1, "*": 2, "/": 2}


def _operand(part: str, unknown: UnknownMetric) -> list[Step]:
    name = part.lower()
    if name in _NAMES:
        return [_NAMES[name]]
    if name in _EXPRESSIONS:
        return _parsed(_EXPRESSIONS[name])
    # float knows "nan", "inf" and "1_000", too.
    if part.strip("0123456789.") or not part.isascii():
        raise unknown
    try:
        return [float(part)]
    except ValueError:
        raise unknown from None


def _parts(text: str) -> list[str]:
    """Split an expression into names, numbers, operators and parentheses."""
    for sign in "+-*/()":
        text = text.replace(sign, f" {sign} ")
    return text.split()
