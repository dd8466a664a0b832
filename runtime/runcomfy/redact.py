"""What comes from outside, made fit for messages and logs: without the token, short, on one line."""

from __future__ import annotations

import re

__all__ = ["Redactor", "clean"]

_SHOWN = 300
_BEARER = re.compile(r"(?i)(bearer\s+)[^\s\"',;]+")
_HIDDEN = "[token]"


def clean(text: str, limit: int = _SHOWN) -> str:
    """``text`` cut short, with control characters, line separators and bidi marks escaped."""
    more = f" … ({len(text)} characters)" if len(text) > limit else ""
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text[:limit]
    )
    return shown + more


class Redactor:
    """Takes one token, and whatever follows ``Bearer``, out of texts.

    >>> Redactor("abc123")("bad token abc123")
    'bad token [token]'
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: str = "") -> None:
        self._secret = secret

    def __call__(self, text: str) -> str:
        """The text without the token, cleaned."""
        if self._secret:
            text = text.replace(self._secret, _HIDDEN)  # before cutting: half a token is one too
        return clean(_BEARER.sub(rf"\1{_HIDDEN}", text))

    def __repr__(self) -> str:
        return "Redactor(…)"
