"""What comes from outside, made fit for messages and logs: without the token, short, on one line."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["Redactor", "clean", "shown_url", "without_queries"]

_SHOWN = 300
#: Real tokens have more characters than this.
_SHORT = 8
_BEARER = re.compile(r"(?i)(bearer\s+)[^\s\"',;]+")
_HIDDEN = "[token]"
_QUERY = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s?#'\"<>]*)[?#][^\s'\"<>]*")
_USER = re.compile(r"//[^/\\]*@")


def clean(text: str, limit: int = _SHOWN) -> str:
    """``text`` cut short, with control characters, line separators and bidi marks escaped."""
    more = f" … ({len(text)} characters)" if len(text) > limit else ""
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text[:limit]
    )
    return shown + more


def shown_url(url: str) -> str:
    """The address for messages and logs: without its query, which may be a signature.

    >>> shown_url("https://x.runcomfy.net/a.png?Signature=abc")
    'https://x.runcomfy.net/a.png'
    """
    return clean(_USER.sub("//…@", re.split(r"[?#]", url, maxsplit=1)[0]))


def without_queries(text: str) -> str:
    """The text without the queries of the addresses in it, cleaned."""
    return clean(_QUERY.sub(r"\1", text))


class Redactor:
    """Takes one token, whatever follows ``Bearer``, and the queries of URLs out of texts.

    >>> Redactor("abc123")("bad token abc123")
    'bad token [token]'
    """

    __slots__ = ("_secrets",)

    def __init__(self, secret: str = "") -> None:
        # A token with a quote in it looks different inside JSON.
        forms = {secret, json.dumps(secret)[1:-1]} - {""}
        self._secrets = [re.compile(_as_word(form)) for form in forms]

    def __call__(self, value: object) -> str:
        """The text, or the JSON value as text, without the secrets, cleaned."""
        text = value if isinstance(value, str) else _as_text(value)
        return without_queries(self._hidden(text))  # cut after that: half a token is one too

    def inside(self, value: Any) -> Any:
        """The JSON value with the secrets taken out of its texts, else as it is; ``None`` if it is too deep."""
        try:
            return self._inside(value)
        except RecursionError:
            return None

    def _inside(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._hidden(value)
        if isinstance(value, list):
            return [self._inside(one) for one in value]
        if isinstance(value, dict):
            return {self._hidden(name): self._inside(one) for name, one in value.items()}
        return value

    def _hidden(self, text: str) -> str:
        for secret in self._secrets:
            text = secret.sub(_HIDDEN, text)
        return _BEARER.sub(rf"\1{_HIDDEN}", text)

    def __repr__(self) -> str:
        return "Redactor(…)"


def _as_word(secret: str) -> str:
    """The pattern of a secret. One so short that words may hold it, such as "any", counts alone only."""
    pattern = re.escape(secret)
    return pattern if len(secret) >= _SHORT else rf"(?<!\w){pattern}(?!\w)"


def _as_text(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return f"a {type(value).__name__} that cannot be shown"
