"""Rules for following redirects: statuses, maximum number, and target."""

from __future__ import annotations

from urllib.parse import urljoin

__all__ = ["MOST_REDIRECTS", "REDIRECTS", "next_url"]

MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})


def next_url(url: str, location: str) -> str:
    """The target of a redirect; an invalid location is returned unchanged for the caller to refuse.

    >>> next_url("https://x.runcomfy.net/a/b.png", "../c.png")
    'https://x.runcomfy.net/c.png'
    """
    try:
        return urljoin(url, location)
    except ValueError:
        return location
