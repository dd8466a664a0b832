"""URLs of the API, built from checked parts.

The token is sent with every call, so a URL is never taken from a response.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urlsplit

from runcomfy.errors import ConfigurationError
from runcomfy.redaction import clean

__all__ = [
    "check_base_url",
    "check_model_id",
    "check_request_id",
    "is_host_name",
    "is_loopback",
    "model_path",
    "request_in",
    "request_path",
]

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_REQUEST_IN = re.compile(r"/v1/requests/([A-Za-z0-9][A-Za-z0-9_-]{0,127})(?![A-Za-z0-9_-])")
# Ids may hold spaces: "minimax/Hailuo Video 01 Live".
_MODEL_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9 ._-]*(/[A-Za-z0-9_-][A-Za-z0-9 ._-]*)+")
_LONGEST_MODEL_ID = 300


def check_base_url(url: str) -> str:
    """The base URL without a trailing slash, ``/v1`` or ``/v1/models``. It must be https, except on this machine.

    >>> check_base_url("https://model-api.runcomfy.net/")
    'https://model-api.runcomfy.net'
    """
    parts = _split(url) if isinstance(url, str) else None
    if parts is None or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigurationError(f"base_url is not a valid URL: {clean(str(url))}")
    if parts.username is not None or parts.query or parts.fragment:
        # Not shown: the part before the @ may be a password.
        raise ConfigurationError("base_url must have no user name, password, query or fragment")
    if parts.scheme != "https" and not (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    ):
        raise ConfigurationError(
            f"base_url must start with https:// because the token is sent there: {clean(url)} "
            "(http:// is allowed for localhost only)"
        )
    return (
        url.rstrip("/").removesuffix("/v1/models").removesuffix("/v1").rstrip("/")
    )  # the paths of calls begin with it


def request_in(text: str) -> str | None:
    """The id of the first request whose URL is in a text."""
    found = _REQUEST_IN.search(text)
    return found[1] if found else None


def check_request_id(request_id: object) -> str:
    """The request id, if it can safely be part of a path."""
    if isinstance(request_id, str) and _REQUEST_ID.fullmatch(request_id):
        return request_id
    raise ConfigurationError(
        f"not a request id: {clean(str(request_id))}; "
        "a request id has at most 128 letters, digits, '-' and '_'"
    )


def request_path(request_id: str, tail: str) -> str:
    """The path of a request's ``status``, ``result`` or ``cancel``."""
    return f"/v1/requests/{check_request_id(request_id)}/{tail}"


def check_model_id(model_id: str) -> str:
    """The model id, if it can safely be part of a path."""
    if len(model_id) <= _LONGEST_MODEL_ID and _MODEL_ID.fullmatch(model_id):
        return model_id
    raise ConfigurationError(
        f"not a model id: {clean(model_id)}; a model id has the form 'owner/model' or 'owner/model/task'"
    )


def model_path(model_id: str) -> str:
    """The path that a model's requests are submitted to; the slashes of the id are kept.

    >>> model_path("minimax/Hailuo Video 01 Live")
    '/v1/models/minimax/Hailuo%20Video%2001%20Live'
    """
    return f"/v1/models/{quote(check_model_id(model_id))}"


def _split(url: str) -> SplitResult | None:
    """The parts of a URL that has a valid host name and, if any, a valid port."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it checks it
    except ValueError:
        return None
    return parts if parts.hostname and is_host_name(parts.hostname) else None


def is_host_name(host: str) -> bool:
    """Whether the name can be resolved; some names raise ``UnicodeError`` in the libraries.

    >>> is_host_name("xn--mnchen-3ya.de"), is_host_name("xn--a.de"), is_host_name("a" * 64 + ".de")
    (True, False, False)
    """
    labels = host.lower().removesuffix(".").split(".")
    if len(host) > 253 or any(not 0 < len(label) < 64 for label in labels):
        return False
    try:
        # The library that httpx uses is stricter; what only that one refuses fails as "not sent".
        return all(label.encode("ascii").decode("idna") for label in labels if label[:4] == "xn--")
    except UnicodeError:
        return False


def is_loopback(host: str) -> bool:
    """Whether the host, without brackets, is localhost or a loopback address."""
    from ipaddress import ip_address

    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
