"""The certificates that connections trust: those that httpx trusts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runcomfy.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

__all__ = ["trusted"]

#: The first that is set is the one that httpx reads.
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def trusted() -> ssl.SSLContext:
    """A TLS context with the trusted certificates, slow to create. ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` override them.

    Raises ``ConfigurationError`` for places that cannot be read: the system's error does not name them.
    """
    import httpx

    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        named = (f"{name}={os.environ[name]!r}" for name in _VARIABLES if os.environ.get(name))
        where = next(named, "the default location")
        raise ConfigurationError(
            f"the certificates to trust cannot be read from {where}: {error.strerror or error}"
        ) from error
