"""Warnings about the URL of a media input, from its text alone, without network access.

Most are mistakes that would be paid for: a file name passed as text, an unsupported scheme, a host in a private
network. Each has its own rule, so that each can be allowed by name.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from runcomfy.model.media import INSIDE, is_bare_name, is_data, urls
from runcomfy.model.violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runcomfy.model.media import MediaInput
    from runcomfy.model.request import Request

__all__ = ["AS_PATH", "demo_faults", "url_warning"]

#: The maximum number of characters of a host name, and of a label.
_LONGEST_HOST, _LONGEST_LABEL = 253, 63
#: Characters that host names cannot contain; some are typical of placeholders.
_NO_HOST = frozenset(" \"#$%&'()*+,/;<=>?@[\\]^`{|}~!")

#: The advice in Python; the other interfaces put their own in its place.
AS_PATH = "; pass a local file as a pathlib.Path, as bytes or as an open file, not as a string"


def url_warning(pointer: str, url: str, *, local_service: bool = False) -> Violation | None:
    """The warning about a URL, or ``None``.

    ``local_service``: the service runs on this machine, and reaches what this machine reaches.
    """
    rule, message = _fault(url, local_service) or ("", "")
    return Violation(pointer, rule, url, None, message) if rule else None


def _fault(url: str, local_service: bool) -> tuple[str, str] | None:
    if not url.strip():
        return "url-empty", "is empty: a URL is required"
    if is_data(url):
        return None  # its content is looked at
    if is_data(url.strip()):
        return "url-space", "starts with a space or a line end before data:"
    if is_bare_name(url):
        return "url-file-name", f"is a file name, not a URL{AS_PATH}"
    scheme, colon, rest = url.strip().partition(":")
    named = colon and scheme.isascii() and scheme.isalnum() and len(scheme) > 1
    if not named or scheme[0].isdigit() or (rest[:1].isdigit() and "//" not in url[:12]):
        return "url-relative", f"is a relative URL or a path, not an absolute URL{AS_PATH}"
    scheme = scheme.lower()
    if scheme == "file":
        return "url-file", f"is a file on this machine, which the service cannot read{AS_PATH}"
    if scheme not in ("https", "http"):
        return (
            "url-scheme",
            f"has the scheme {scheme[:20]!r}: the service reads https URLs and data URIs",
        )
    if any(one.isspace() or not one.isprintable() for one in url):
        return (
            "url-space",
            "contains a space, a line break or a control character; write a space as %20",
        )
    return _web_fault(url, scheme, local_service)


def _web_fault(url: str, scheme: str, local_service: bool) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return "url-malformed", f"is not a valid URL: {error}"
    host = _as_looked_up(host)
    if not host.strip("."):
        return "url-no-host", "names no host"
    if host in ("http", "https"):
        return "url-malformed", "is not a valid URL: it has two schemes"
    if parts.username is not None or parts.password is not None:
        words = (
            "contains a user name or a password, which the service would see and may not forward"
        )
        return "url-credentials", words
    if not _can_exist(host.rstrip(".")):
        return "url-malformed", f"is not a valid URL: {host[:80]!r} is not a valid host"
    where = _inside(host.rstrip("."))
    if where and not local_service:
        return "url-private", f"points to {where}, which the service cannot reach"
    if scheme == "http" and not where:
        return "url-http", "should be an https URL: the service may not fetch over http"
    return None


def _as_looked_up(host: str) -> str:
    """The host as clients read it: percent-encoded, wide and circled letters are the plain ones."""
    if "%" in host and ":" not in host:  # in an IPv6 address it is the zone
        from urllib.parse import unquote

        host = unquote(host)
    if host.isascii():
        return host
    from unicodedata import normalize

    return normalize("NFKC", host).replace("\u3002", ".").lower()


def _can_exist(host: str) -> bool:
    """Whether a host name can be looked up at all, or the host is an address."""
    if ":" in host:
        return True
    labels = host.split(".")
    if any(not 0 < len(label) <= _LONGEST_LABEL for label in labels) or len(host) > _LONGEST_HOST:
        return False
    if _is_number(labels[-1]):
        return bool(_address(host))
    return not _NO_HOST.intersection(host) and all(map(_is_encoded, labels))


def _is_encoded(label: str) -> bool:
    """Whether a punycode label of a host name can be decoded."""
    if not label.startswith("xn--"):
        return True
    try:
        return bool(label.encode("ascii").decode("idna"))
    except UnicodeError:
        return False


def _is_number(label: str) -> bool:
    return label.isascii() and (label.isdigit() or label[:2].lower() == "0x")


def _inside(host: str) -> str:
    """The kind of a host that is not on the public internet, judged by its text alone."""
    address = _address(host)
    if address:
        from runcomfy.media.remote.addresses import inside

        kind = inside(address)
        return kind and f"{kind} address"
    folded = f".{host.lower()}"
    if folded == ".localhost" or folded.endswith(".localhost"):
        return "this machine"
    if folded.endswith(INSIDE):
        return "a host inside your network"
    return "" if "." in host else f"{host[:80]!r}, a host without a domain,"


def _address(host: str) -> str:
    """The IP address of a host in any spelling (``127.1``, ``0x7f000001``), else ``""``."""
    if ":" in host:
        return host
    if not _is_number(host.rpartition(".")[2]):
        return ""
    from socket import inet_aton, inet_ntoa

    try:
        return inet_ntoa(inet_aton(host))
    except (OSError, ValueError):
        return ""


#: Faults that demo values have for models that accept such values.
_IN_DEMOS = frozenset({"url-file-name", "url-relative"})


def demo_faults(cls: type[Request[Any]], media: MediaInput) -> set[str]:
    """The rules that the model's own demo values violate; such warnings do not stop a submit."""
    found = {fault[0] for url in _demo_values(cls, media) if (fault := _fault(url, False))}
    return found & _IN_DEMOS


def _demo_values(cls: type[Request[Any]], media: MediaInput) -> Iterator[str]:
    for payload in (getattr(cls, "_example", {}), _defaults(cls, media.path)):
        for value in urls(payload, media.path):
            if isinstance(value, str):
                yield value


def _defaults(cls: type[Request[Any]], path: tuple[str, ...]) -> Any:
    """The demo value of the schema that is nearest to the input, as part of a payload."""
    try:
        part: Any = cls.input_schema()
    except (OSError, ValueError, KeyError):  # a class that was written by hand
        return {}
    for depth, name in enumerate(path, 1):
        part = part.get("items", part) if isinstance(part, dict) else {}
        part = part.get("properties", {}) if isinstance(part, dict) else {}
        part = part.get(name) if isinstance(part, dict) else None
        if isinstance(part, dict) and "default" in part:
            value = part["default"]
            for step in reversed(path[:depth]):
                value = {step: value}
            return value
    return {}
