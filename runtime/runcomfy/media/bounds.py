"""The bound policy: whether a measured file keeps a rule, breaks it, or nobody can say.

The schemas' operators and their own words disagree: ``width_pixels>`` 384 comes with "at least 384
pixels", ``file_size_mb<`` 10 with "less than 10 MB", and nobody says whether a MB is 10^6 or 2^20
bytes. So a rule is broken only where every reading of it is broken, and kept only where every
reading is kept. What lies exactly on the bound, or between the readings, is ``UNCLEAR``.

>>> judge("width_pixels", ">", 384, 384)
'unclear'
>>> judge("file_size_mb", "<", 10_200_000, 10)  # bytes; 10.2 MB or 9.7 MB
'unclear'
>>> judge("file_size_mb", "<", 10_600_000, 10)
'breaks'
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .inputs import MediaRule

__all__ = ["BREAKS", "HOLDS", "OPERATORS", "UNCLEAR", "explain", "in_unit", "judge"]

HOLDS = "holds"
BREAKS = "breaks"
UNCLEAR = "unclear"

OPERATORS = frozenset({"<", ">"})

#: What one unit of a metric may mean, in the unit that is measured. Others are measured as they are.
_READINGS = {"file_size_mb": (10**6, 2**20)}


def judge(metric: str, operator: str, measured: float, limit: float) -> str:
    """``HOLDS``, ``BREAKS`` or ``UNCLEAR``, for ``measured`` against ``metric operator limit``.

    Sizes are measured in bytes, everything else in the metric's own unit.
    """
    readings = _READINGS.get(metric, (1,))
    verdicts = {_compare(measured / unit, operator, limit) for unit in readings}
    return verdicts.pop() if len(verdicts) == 1 else UNCLEAR


def _compare(value: float, operator: str, limit: float) -> str:
    if value == limit:
        return UNCLEAR
    return HOLDS if (value < limit) == (operator == "<") else BREAKS


def explain(rule: MediaRule, verdict: str) -> str:
    """The sentence for a rule that is broken or unclear, with the rule and its own words."""
    from runcomfy.wording import show

    words = f", in words {show(rule.wording)}" if rule.wording else ""
    quoted = f"{rule.name} {rule.limit}{words}"
    if verdict == BREAKS:
        return f"must keep the rule {quoted}"
    if rule.metric in _READINGS:
        return f"may break the rule, as one takes a MB for 10^6 or 2^20 bytes: {quoted}"
    return f"lies exactly on the bound of the rule: {quoted}"


def in_unit(metric: str, measured: float) -> float:
    """What was measured, in the unit of the rule's limit; a MB is 10^6 bytes here."""
    return measured / _READINGS[metric][0] if metric in _READINGS else measured
