"""Names that look like a given one."""

from __future__ import annotations

from difflib import get_close_matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["close_to"]


def close_to(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The ``known`` names that look most like ``name``, best first."""
    folded = {candidate.casefold(): candidate for candidate in known}
    # A longer name is not a typo, and comparing it takes quadratic time.
    if len(name) > 200:
        return []
    return [
        folded[match] for match in get_close_matches(name.casefold(), folded, count, cutoff=0.55)
    ]
