"""Data URIs: files inlined in the payload."""

from __future__ import annotations

__all__ = ["content_of"]


def content_of(url: str) -> bytes | None:
    """The content of a data URI, or ``None`` if it is malformed.

    >>> content_of("data:text/plain;base64,aGk=")
    b'hi'
    """
    head, comma, body = url.partition(",")
    if not comma:
        return None
    if not head.rstrip().casefold().endswith(";base64"):
        from urllib.parse import unquote_to_bytes

        try:
            return unquote_to_bytes(body)
        except UnicodeEncodeError:  # half a surrogate pair
            return None
    from binascii import Error, a2b_base64

    if "%" in body:
        from urllib.parse import unquote

        body = unquote(body)
    body = "".join(body.split())
    try:
        # Browsers do without the padding, so it is no fault here.
        return a2b_base64(body + "=" * (-len(body) % 4), strict_mode=True)
    except (Error, ValueError):
        return None
