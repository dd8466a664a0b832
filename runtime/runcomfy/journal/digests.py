"""The recorded form of a payload: readable text, and a digest that identifies equal payloads.

Files count by their content, however they are given; URLs count without the signatures in their queries,
which change each time that they are made.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from runcomfy.errors import ConfigurationError
from runcomfy.redaction import Redactor

__all__ = ["Described", "describe", "unsigned", "unsigned_url", "without_signatures"]

#: The version of the digests. It changes with the method, so that old and new ones never compare equal.
_FORM = "p1"
_PIECE = 256 * 1024
#: The range of integers that floats represent exactly.
_EXACT = 2**53

_DATA_URI = re.compile(r"data:[\w.+-]+/[\w.+-]+[^,]{0,200}?;base64,", re.IGNORECASE)
#: The members of queries that are a signature or a secret, in lower case, and those that come with one: of
#: S3, Google, Azure, CloudFront, Alibaba, Tencent, Akamai.
_SECRETS = re.compile(
    r"(x-(amz|goog|oss)-|q-)?signature|x-(amz|oss)-security-token|security-token|sign?|hmac|jwt|hdnts|verify"
    r"|(access_|auth_)?token|auth(_key)?|api_?key"
)
_COMPANIONS = re.compile(
    r"(x-amz|x-goog|x-oss|q)-.*|s[evprt]|spr|sk(e|t|s|v|oid|tid)|expires(_in)?|policy|key-pair-id"
    r"|awsaccesskeyid|googleaccessid|ossaccesskeyid"
)
#: The types of values that are recorded as they are, and how texts begin that are not.
_SIMPLE = frozenset({str, int, bool, type(None)})
_SPECIAL = frozenset({"http", "data"})
#: How a payload is counted, and how it is shown.
_counted = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_shown = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_USER = re.compile(r"//[^/\\?#]*@")


@dataclass(frozen=True, slots=True)
class Described:
    """A payload as the journal stores it: JSON text and a digest."""

    text: str
    digest: str


def describe(payload: Mapping[str, Any], redact: Redactor | None = None) -> Described:
    """The text and the digest of a payload, which may hold local files: paths, bytes, or file objects.

    ``redact`` takes the token out of the text. Raises ``ConfigurationError`` for what cannot be read, and
    for values that JSON does not have.

    >>> a, b = describe({"seed": 1, "prompt": "a hat"}), describe({"prompt": "a hat", "seed": 1.0})
    >>> a.digest == b.digest
    True
    """
    if _is_simple(payload):
        return _described(payload, payload, redact)
    contents: dict[int, str] = {}

    def content(value: Any) -> str:
        """The digest of a file; a file that occurs twice is read once."""
        if id(value) not in contents:
            contents[id(value)] = _sha256(value)
        return contents[id(value)]

    try:
        plain = _mapped(payload, lambda value: {"sha256": content(value)}, _digested_text)
        shown = _mapped(payload, lambda value: _shown_file(value, content(value)), _shown_text)
    except (ValueError, TypeError, RecursionError) as error:
        raise _unwritable(error) from None
    return _described(plain, shown, redact)


def _is_simple(payload: Mapping[str, Any]) -> bool:
    """Whether the payload is counted and shown as it is: without files, URLs, floats and nested values."""
    return all(
        type(name) is str
        and type(value) in _SIMPLE
        and not (type(value) is str and value[:4].lower() in _SPECIAL)
        for name, value in payload.items()
    )


def _described(plain: Any, shown: Any, redact: Redactor | None) -> Described:
    """The digest of ``plain`` and the text of ``shown``. Raises ``ConfigurationError``."""
    try:
        counted = _counted(plain)
        text = _json(shown if redact is None else redact.inside(shown))
    except (ValueError, TypeError, RecursionError) as error:
        raise _unwritable(error) from None
    return Described(text, f"{_FORM}-{hashlib.sha256(counted.encode('ascii')).hexdigest()}")


def _unwritable(error: Exception) -> ConfigurationError:
    return ConfigurationError(f"the payload cannot be written as JSON: {error}")


def _json(value: Any) -> str:
    """JSON text that can be searched; what UTF-8 cannot hold, as half a surrogate pair, is escaped."""
    text = _shown(value)
    return text if text.isascii() or _is_utf8(text) else json.dumps(value, separators=(",", ":"))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def unsigned(value: Any) -> Any:
    """A JSON value with signatures removed from its URLs; the rest of each query remains."""
    return _mapped(value, lambda other: type(other).__name__, _shown_text)


def unsigned_url(url: str) -> str:
    """The URL of a file as it is recorded: without a signature; of a data URI its digest."""
    shown = _shown_text(url)
    return shown if isinstance(shown, str) else f"data:{shown['file']},sha256={shown['sha256']}"


def without_signatures(url: str) -> str:
    """The URL without the members of its query that are a signature.

    >>> without_signatures("https://x/a.png?v=2&X-Amz-Signature=abc&X-Amz-Date=1")
    'https://x/a.png?v=2'
    """
    if "?" not in url and "#" not in url:
        return url
    try:
        parts = urlsplit(url)
        members = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return re.split(r"[?#]", url, maxsplit=1)[0]
    names = [name.lower() for name, _ in members]
    if not any(map(_SECRETS.fullmatch, names)):
        return url
    kept = [
        member
        for member, name in zip(members, names, strict=True)
        if not _SECRETS.fullmatch(name) and not _COMPANIONS.fullmatch(name)
    ]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def _mapped(value: Any, file: Callable[[Any], Any], text: Callable[[str], Any]) -> Any:
    """A copy of a payload with files and texts replaced."""
    if isinstance(value, str):
        return text(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if isinstance(value, Mapping):
        return {str(name): _mapped(member, file, text) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mapped(item, file, text) for item in value]
    return file(value)


def _is_url(text: str) -> bool:
    return text[:8].lower().startswith(("https://", "http://")) and not any(map(str.isspace, text))


def _digested_text(text: str) -> Any:
    if _DATA_URI.match(text):
        return {"sha256": _sha256_of_data_uri(text)}
    return without_signatures(text) if _is_url(text) else text


def _shown_text(text: str) -> Any:
    """A text for people: a URL without its signature, of a data URI its size and digest."""
    if _DATA_URI.match(text):
        kind = text[5:].partition(";")[0]
        return {"file": kind, "characters": len(text), "sha256": _sha256_of_data_uri(text)}
    if not _is_url(text):
        return text
    return _USER.sub("//…@", without_signatures(text), count=1)


def _shown_file(value: Any, digest: str) -> dict[str, Any]:
    name = value if isinstance(value, os.PathLike) else getattr(value, "name", "")
    name = Path(os.fsdecode(name)).name if isinstance(name, (str, os.PathLike)) else ""
    return {"file": name, "sha256": digest}


def _sha256_of_data_uri(text: str) -> str:
    body = "".join(text.partition(",")[2].split())
    try:
        content = binascii.a2b_base64(body + "=" * (-len(body) % 4))
    except ValueError:
        content = body.encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()


def _sha256(value: Any) -> str:
    """The digest of a file's content. A file object is read from its current position, which is restored."""
    known = getattr(value, "sha256", None)
    if isinstance(known, str):
        return known
    if isinstance(value, (bytes, bytearray)):
        return hashlib.sha256(value).hexdigest()
    try:
        if isinstance(value, os.PathLike):
            with open(value, "rb") as file:  # noqa: PTH123  # any path-like
                return _sha256_of_file(file)
        place = value.tell()
        try:
            return _sha256_of_file(value)
        finally:
            value.seek(place)
    except (OSError, AttributeError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"an input cannot be read: {told}; nothing was sent") from error


def _sha256_of_file(file: Any) -> str:
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
