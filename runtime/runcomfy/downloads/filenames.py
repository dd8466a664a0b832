"""Names for saved files, safe on every system for any URL."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import count
from urllib.parse import unquote

from runcomfy.media.formats import known_extension

__all__ = ["file_name", "free_names", "safe_stem"]

_LONGEST = 120
_LONGEST_ID = 16
_SHORT_ID = 8
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789¹²³"}
)


def file_name(url: str, request_id: str, place: int) -> str:
    """A safe file name for the file at ``url``, the ``place``-th of a request, counted from 1.

    It starts with the request id, of which a long one is cut to its first eight characters, and the
    place, so that the files of two requests in one folder do not have the same name. It ends with the
    extension, if the address has one that is known.

    >>> file_name("https://x.runcomfy.net/tmp/hat.PNG?sig=1", "8f14e45f-ceea-467f", 1)
    '8f14e45f-1-hat.png'
    """
    last = unquote(url.partition("?")[0].partition("#")[0].rpartition("/")[2])
    extension = known_extension(last)
    short = request_id if len(request_id) <= _LONGEST_ID else request_id[:_SHORT_ID].strip("-_")
    prefix = "-".join(filter(None, (safe_stem(short), str(place))))
    stem = safe_stem(
        last[: len(last) - len(extension)], _LONGEST - len(prefix) - 1 - len(extension)
    )
    return f"{prefix}-{stem}{extension}" if stem else prefix + extension


def free_names(name: str) -> Iterator[str]:
    """The name, then numbered variants: ``hat.png``, ``hat (2).png``, ``hat (3).png``, …"""
    extension = known_extension(name)
    stem = name[: len(name) - len(extension)]
    yield name
    for number in count(2):
        yield f"{stem} ({number}){extension}"


def safe_stem(text: str, longest: int = _LONGEST) -> str:
    """The letters, digits, ``-`` and ``_`` of a string, at most ``longest`` bytes of UTF-8; may be empty.

    >>> safe_stem("../../etc/pass wd")
    'etc_pass_wd'
    """
    plain = "".join(
        character if character == "-" or unicodedata.category(character)[0] in "LMN" else " "
        for character in unicodedata.normalize("NFC", text)
    )
    stem = "_".join(plain.split()).strip("-")
    stem = stem.encode()[:longest].decode("utf-8", "ignore").rstrip("-_")
    return f"{stem}_" if stem.casefold() in _RESERVED else stem
