"""Which sources are URLs. Used for every argument, so it imports nothing."""

from __future__ import annotations

__all__ = ["is_url"]


def is_url(argument: str) -> bool:
    """Whether an argument of ``add`` is a URL rather than a file."""
    return argument.lower().startswith(("http://", "https://"))
