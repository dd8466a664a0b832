"""The exit statuses, after sysexits.h, and what shells give for a signal."""

from __future__ import annotations

__all__ = ["BROKEN_PIPE", "INTERRUPTED", "INVALID", "MISUSE", "VALID"]

VALID = 0
MISUSE = 64
INVALID = 65
INTERRUPTED = 130
BROKEN_PIPE = 141
