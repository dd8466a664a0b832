"""Validating many payloads, one on each line."""

from __future__ import annotations

from .lines import LineReports, Summary, validate_lines

__all__ = ["LineReports", "Summary", "validate_lines"]
