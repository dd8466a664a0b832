"""The bound policy: whether a file satisfies a rule, violates it, or is unclear.

The operators of the schemas contradict their descriptions: ``width_pixels>`` 384 is described as "at least 384
pixels", ``file_size_mb<`` 10 as "less than 10 MB", and a MB may mean 10^6 or 2^20 bytes. So a rule is violated only
if it is violated under every reading, and holds only if it holds under every reading. A value exactly at the bound,
or between the readings, is ``UNCLEAR``.

>>> judge((384,), ">", 384)
'unclear'
>>> judge((10.2, 9.73), "<", 10)  # 10,200,000 bytes in MB of 10^6 and of 2^20
'unclear'
>>> judge((10.6, 10.11), "<", 10)
'breaks'
"""

from __future__ import annotations

from runcomfy.media.formats import FORMATS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from runcomfy.model.media import MediaRule

    Reading = Callable[[float], float]
    Value = float | str

__all__ = ["BREAKS", "HOLDS", "OPERATORS", "READINGS", "UNCLEAR", "explain", "formats_in", "judge"]

HOLDS = "holds"
BREAKS = "breaks"
UNCLEAR = "unclear"

_EQUAL = ("=", "==")
OPERATORS = frozenset({"<", "<=", ">", ">=", *_EQUAL})


def _called(rate: float) -> float:
    """The nominal frame rates: 30000/1001 is also called 30."""
    return round(rate) if abs(rate - round(rate)) < rate / 900 else rate


#: Unit -> its readings: functions from the measured value (bytes, seconds, frames per second) to a value in that
#: unit. Reports show the first one.
READINGS: dict[str, tuple[Reading, ...]] = {
    "B": (lambda size: size,),
    "KB": (lambda size: size / 10**3, lambda size: size / 2**10),
    "MB": (lambda size: size / 10**6, lambda size: size / 2**20),
    "GB": (lambda size: size / 10**9, lambda size: size / 2**30),
    "px": (lambda pixels: pixels,),
    # The duration in a container may be off by one video or audio frame.
    "s": (lambda time: time, lambda time: time - 0.05, lambda time: time + 0.05),
    "ms": (lambda time: time * 1e3, lambda time: time * 1e3 - 50, lambda time: time * 1e3 + 50),
    "fps": (lambda rate: rate, _called),
    "": (lambda name: name,),
}
#: Why the readings of a unit differ.
_WORDS = {
    "KB": "a KB may mean 10^3 or 2^10 bytes",
    "MB": "a MB may mean 10^6 or 2^20 bytes",
    "GB": "a GB may mean 10^9 or 2^30 bytes",
    "s": "files state their duration only to the nearest frame",
    "ms": "files state their duration only to the nearest frame",
    "fps": "30 may also mean a rate of 29.97",
}


#: Units that have longer names.
_LONG = {
    "B": "bytes",
    "px": "pixels",
    "s": "seconds",
    "ms": "milliseconds",
    "fps": "frames per second",
}


def judge(values: tuple[Value, ...], operator: str, limit: Value) -> str:
    """``HOLDS``, ``BREAKS`` or ``UNCLEAR``, for the values under each reading of a metric.

    For a format, the limit is a string that names one or several.
    """
    if operator in _EQUAL and _compare(values[0], operator, limit) == HOLDS:
        return HOLDS
    verdicts = {_compare(value, operator, limit) for value in values}
    return verdicts.pop() if len(verdicts) == 1 else UNCLEAR


def _compare(value: Value, operator: str, limit: Value) -> str:
    if isinstance(value, str) or isinstance(limit, str):
        return HOLDS if value in formats_in(limit) else BREAKS
    if operator in _EQUAL:
        if value == limit:
            return HOLDS
        # Such limits are rounded (1.78 for 16:9), and so are computed values.
        near = isinstance(value, float) and abs(value - limit) <= abs(limit) / 100
        return UNCLEAR if near else BREAKS
    if value == limit:
        return UNCLEAR
    return HOLDS if (value < limit) == operator.startswith("<") else BREAKS


def formats_in(limit: object) -> set[str]:
    """The formats in a string such as ``"JPG, image/png"``."""
    words = str(limit).lower().replace(",", " ").replace("|", " ").replace(";", " ").split()
    names = {word.rpartition("/")[2].removeprefix("x-").lstrip(".") for word in words}
    return {_MEANT.get(name, name) for name in names}


def _meant() -> dict[str, str]:
    """The format for an extension or the last part of a media type."""
    meant = {
        name.rpartition("/")[2].removeprefix("x-").lstrip("."): one.name
        for one in reversed(FORMATS.values())
        for name in (*one.extensions, *one.media_types)
    }
    return meant | {name: name for name in FORMATS} | {"mpeg": "mp3"}  # audio/mpeg


_MEANT = _meant()


def explain(rule: MediaRule, verdict: str, units: tuple[str, ...] = ()) -> str:
    """The message for a violated or unclear rule, with the rule and its wording."""
    from runcomfy.model.messages import show

    words = f", in words {show(rule.wording)}" if rule.wording else _unit(rule, units)
    quoted = f"{rule.name} {rule.limit}{words}"
    if verdict == BREAKS:
        return f"must satisfy the rule {quoted}"
    why = " and ".join(_WORDS[unit] for unit in units if unit in _WORDS)
    if why:
        return f"may violate the rule, because {why}: {quoted}"
    if rule.operator in _EQUAL:
        return f"is close to the limit of the rule: {quoted}"
    return f"is exactly at the limit of the rule: {quoted}"


def _unit(rule: MediaRule, units: tuple[str, ...]) -> str:
    """The unit of limit and value, if the metric is a single name."""
    unit = units[0] if len(units) == 1 and rule.metric.strip().isidentifier() else ""
    return unit and f" (in {_LONG.get(unit, unit)})"
