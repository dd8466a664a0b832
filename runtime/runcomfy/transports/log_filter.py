"""Redacts the token in debug records of the HTTP libraries, which log headers."""

from __future__ import annotations

import logging
from weakref import WeakSet

from runcomfy.redaction import Redactor

__all__ = ["hide_in_logs"]

#: The loggers that write what goes over a connection.
_LOGGERS = (
    *(
        f"{library}.{part}"
        for library in ("httpcore", "httpcore2")
        for part in ("connection", "http11", "http2", "proxy", "socks")
    ),
    "httpx",
    "httpx2",
    "aiohttp.client",
    "asyncio",
)

_redactors: WeakSet[Redactor] = WeakSet()


def hide_in_logs(redact: Redactor) -> None:
    """Redact these records for the lifetime of the redactor."""
    _redactors.add(redact)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_hide)  # which is there once, however often it is added


def _hide(record: logging.LogRecord) -> bool:
    """Redact the token in a record. The filter never drops records."""
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001  # the handler reports what is wrong with the record
        return True
    hidden = text
    for redact in [*_redactors]:
        hidden = redact.hide(hidden)
    if hidden != text:
        record.msg, record.args = hidden, None
    return True
