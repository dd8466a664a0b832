"""Recognising clean payloads while they are decoded, where msgspec is installed (extra ``fast``)."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any

from runcomfy.model.media import is_plain_url
from runcomfy.model.schema_files import read_schemas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runcomfy.model.request import Request

    from .msgspec_types import Media

__all__ = ["CleanDecoder", "are_plain_urls", "clean_decoder"]


#: The printable characters of ASCII without the space. Deleting them is ten times as fast as ``isprintable``.
_GRAPHIC = bytes(range(0x21, 0x7F))


class CleanDecoder:
    """Decodes a JSON line into an object if it is certainly a clean payload, except for its URLs.

    ``decode`` raises ``ValueError`` for any other line, which then gets a full check.
    """

    __slots__ = ("_media", "decode", "media_values")

    def __init__(self, decode: Callable[[str | bytes], Any], media: tuple[Media, ...]) -> None:
        self.decode = decode
        #: Reads the unchecked part of a decoded payload: the value of its media input, or a tuple of several.
        self.media_values: Callable[[Any], Any] = (
            attrgetter(*(one.attribute for one in media)) if media else type
        )
        self._media = media

    def remote_rules(self, found: list[Any], at_hand: set[str]) -> int | None:
        """The number of rules about remote files in the ``media_values`` of payloads.

        ``None`` if a URL needs a full check, because it is not plain or its file is available.
        """
        # Fast path for rows that all use the same files. Comparing with the last row fails fast.
        if found and found[0] == found[-1] and found.count(found[0]) == len(found):
            rules = self._rules(found[:1], at_hand)
            return None if rules is None else rules * len(found)
        return self._rules(found, at_hand)

    def _rules(self, found: list[Any], at_hand: set[str]) -> int | None:
        rules = 0
        for index, media in enumerate(self._media):
            urls = media.urls(found if len(self._media) == 1 else map(itemgetter(index), found))
            if not are_plain_urls(urls) or (at_hand and not at_hand.isdisjoint(urls)):
                return None
            rules += len(urls) * media.rules
        return rules


def are_plain_urls(urls: Sequence[Any]) -> bool:
    """Whether all URLs are unremarkable. Raises ``TypeError`` if one is not a string."""
    if not urls:
        return True
    text = "".join(urls)
    if not text.isascii() or text.encode().translate(None, _GRAPHIC):
        return False
    # In the order of texts, what stands between two that begin alike begins so as well.
    first, last = _origin(min(urls)), _origin(max(urls))
    origins = {first} if first == last else set(map(_origin, urls))
    return all(map(_is_plain, origins))


#: Files of many payloads mostly have the same few hosts.
_is_plain = lru_cache(maxsize=1_024)(is_plain_url)


def _origin(url: str) -> str:
    """Scheme and host of a URL, with the slash that ends them where there is one."""
    parts = url.split("/", 3)
    return "/".join(parts[:3]) + "/" * (len(parts) > 3)


def clean_decoder(cls: type[Request[Any]]) -> CleanDecoder | None:
    """The decoder for a request class; ``None`` if msgspec is missing or cannot decide."""
    try:
        import msgspec  # noqa: F401  # asked for each time, made once
    except ImportError:
        return None
    key: Any = cls  # to mypy a class whose instances have a hash of their own has none itself
    return _made(key, key._check)


@lru_cache(maxsize=256)
def _made(cls: Any, check: Any) -> CleanDecoder | None:
    from msgspec.json import Decoder

    from .msgspec_types import clean_type

    try:
        schemas = read_schemas(check.__module__)
        schema = schemas.get("checked", schemas["input"])
    except (OSError, ImportError, KeyError, ValueError):  # a class that was written by hand
        return None
    media = [(media.path, len(media.rules)) for media in cls._media]
    made = clean_type(schema, cls._known, media)
    try:
        return made and CleanDecoder(Decoder(made.type).decode, made.media)
    except (TypeError, ValueError):  # msgspec has limits of its own
        return None
