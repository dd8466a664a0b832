"""Redacts the token in debug records of the HTTP libraries, which log headers."""

from __future__ import annotations

import logging

from runcomfy.redaction import hidden

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


def hide_in_logs() -> None:
    """Redact these records, as long as there are clients."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_hide)  # which is there once, however often it is added


def _hide(record: logging.LogRecord) -> bool:
    """Redact the token in a record. The filter never drops records."""
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001  # the handler reports what is wrong with the record
        return True
    shown = hidden(text)
    if shown != text:
        record.msg, record.args = shown, None
    return True
