"""Cleaning of external text for messages and logs: no token, short, one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from weakref import ref

__all__ = ["Redactor", "clean", "hidden", "shown_url", "without_queries"]

_SHOWN = 300
#: Characters of a text that are examined; displayed texts are much shorter.
_READ = 4_000
#: Real tokens have more characters than this.
_SHORT = 8
_BEARER = re.compile(r"(?i)(bearer\s+)[^\s\"',;]+")
_HIDDEN = "[token]"
#: Replaces a whole text that contains the token in pieces or encoded.
_WITHHELD = "[a text that holds the token]"
_ESCAPE = re.compile(r"\\(?:u|x)(?:00)*([0-9a-f]{2})")
#: The colour codes of a terminal, and characters that are not seen: they may stand inside a token.
_COLOUR = re.compile(r"\x1b\[[0-9;]*[a-z]", re.IGNORECASE)
_WORD = re.compile(r"[^\s'\"<>]+")
_USER = re.compile(r"//[^/\\]*@")


def clean(text: str, limit: int = _SHOWN) -> str:
    """``text`` cut short, with control characters, line separators and bidi marks escaped."""
    more = f" … ({len(text)} characters)" if len(text) > limit else ""
    return _escaped(text[:limit]) + more


def _escaped(text: str) -> str:
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


#: Characters of a data URI that include its media type.
_SHOWN_DATA = 100


def shown_url(url: str) -> str:
    """The URL for messages and logs, without its query, which may be a signature.

    >>> shown_url("https://x.runcomfy.net/a.png?Signature=abc")
    'https://x.runcomfy.net/a.png'
    """
    if url[:5].lower() == "data:":  # the content, and nothing that helps
        return clean(hidden(url[:_SHOWN_DATA].partition(",")[0])) + ",…"
    address = re.split(r"[?#]", url, maxsplit=1)[0]
    if len(address) <= _READ:
        return clean(hidden(_USER.sub("//…@", address)))
    shown = hidden(address[:_READ])
    half = max((redact._longest for redact in _redactors()), default=0)
    shown = _USER.sub("//…@", shown[: len(shown) - half])  # there may be the first half of a token
    return f"{_escaped(shown[:_SHOWN])} … ({len(address)} characters)"


def without_queries(text: str) -> str:
    """The text with the queries of its URLs removed, shortened and cleaned."""
    return Redactor()(text)


def _without_query(word: re.Match[str]) -> str:
    """A word of the text; a URL without its query and fragment."""
    text = word[0]
    address, mark, rest = text.partition("://")
    if not mark or not address:
        return text
    return address + mark + re.split(r"[?#]", rest, maxsplit=1)[0]


#: The redactors that exist, for texts that belong to no client. A plain dict: threads copy it in one step.
_live: dict[int, ref[Redactor]] = {}


def hidden(text: str) -> str:
    """The text without the tokens of the clients that exist in this process."""
    for redact in _redactors():
        text = redact.hide(text)
    return text


def _redactors() -> Iterator[Redactor]:
    """One redactor for each token: many clients have the same."""
    known: set[int] = set()
    for live in [*_live.values()]:
        redact = live()
        if redact is not None and redact.known not in known:
            known.add(redact.known)
            yield redact


class Redactor:
    """Removes a token, anything after ``Bearer``, and the queries of URLs from text.

    >>> Redactor("abc123")("bad token abc123")
    'bad token [token]'
    """

    __slots__ = ("__weakref__", "_longest", "_plain", "_secrets", "known")

    def __init__(self, secret: str = "") -> None:
        forms = _forms(secret)
        self._secrets = {
            form.casefold(): re.compile(_as_word(form), re.IGNORECASE) for form in forms
        }
        #: The same for the same secret.
        self.known = hash(secret)
        self._longest = max(map(len, forms), default=0)
        self._plain = secret.casefold() if len(secret) >= _SHORT else ""
        if secret:
            key = id(self)
            _live[key] = ref(self, lambda _: _live.pop(key, None))

    def __call__(self, value: object) -> str:
        """The text, or the JSON value as text, without the secrets, cleaned."""
        text = value if isinstance(value, str) else _as_text(value)
        size = len(text)
        shown = _WORD.sub(_without_query, self.hide(text[:_READ]))
        if size > _READ and self._longest:
            shown = shown[: -self._longest]  # there may be the first half of a token
        if len(shown) <= _SHOWN and size <= _READ:
            return _escaped(shown)
        return f"{_escaped(shown[:_SHOWN])} … ({size} characters)"

    def inside(self, value: Any) -> Any:
        """The JSON value with secrets removed from its strings; ``None`` if it is too deep."""
        try:
            return self._inside(value)
        except RecursionError:
            return None

    def _inside(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, list):
            return [self._inside(one) for one in value]
        if isinstance(value, dict):
            return {self.hide(name): self._inside(one) for name, one in value.items()}
        return value

    def hide(self, text: str) -> str:
        """The whole text without the secrets, neither shortened nor cleaned."""
        folded = text.casefold()
        for form, pattern in self._secrets.items():
            if form in folded:  # ten times as fast as to search for the pattern
                text = pattern.sub(_HIDDEN, text)
        text = _BEARER.sub(rf"\1{_HIDDEN}", text)
        if self._plain and any(
            form in reading for reading in _readings(text) for form in self._secrets
        ):
            return _WITHHELD
        return text

    def __repr__(self) -> str:
        return "Redactor(…)"


def _forms(secret: str) -> set[str]:
    """The secret as it is written in texts, JSON, URLs and base64."""
    if not secret:
        return set()
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    if len(secret) < _SHORT:
        return forms
    from base64 import b64encode
    from urllib.parse import quote, quote_plus

    content = secret.encode("utf-8", "replace")
    forms |= {quote(content), quote_plus(content), content.hex()}
    # The letters of base64 depend on how many bytes stand before, and at both ends on their neighbours.
    for before in range(3):
        encoded = b64encode(b" " * before + content).decode()
        forms.add(encoded[-(-before * 8 // 6) : (before + len(content)) * 8 // 6])
    return forms


def _readings(text: str) -> Iterator[str]:
    """The text as a reader may decode it: without line breaks and what is not seen, unescaped, in lower case."""
    joined = "".join(text.split()).casefold()
    yield joined
    if not joined.isprintable():
        joined = "".join(filter(str.isprintable, _COLOUR.sub("", joined)))
        yield joined
    if not joined.isascii():
        import unicodedata

        joined = unicodedata.normalize("NFKC", joined).casefold()
        yield joined
    if "%" in joined:
        from urllib.parse import unquote

        once = unquote(joined)
        yield once.casefold()
        if "%25" in joined:  # encoded twice, as a URL in the query of another is
            yield unquote(once).casefold()
    if "&" in joined:
        from html import unescape

        yield unescape(joined).casefold()
    if "\\" in joined:
        shown = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), joined)
        yield re.sub(r"\\[nrt]?", "", shown).casefold()


def _as_word(secret: str) -> str:
    """The pattern of a secret. A short one such as "any" matches only as a whole word."""
    pattern = re.escape(secret)
    return pattern if len(secret) >= _SHORT else rf"(?<!\w){pattern}(?!\w)"


def _as_text(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return f"a {type(value).__name__} that cannot be shown"
