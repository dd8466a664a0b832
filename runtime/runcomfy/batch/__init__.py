"""A batch: many requests of one model in one folder, that can be killed at any moment and goes on where it was."""

from __future__ import annotations

from .options import BatchOptions
from .outcome import BatchOutcome, BatchSummary

__all__ = ["BatchOptions", "BatchOutcome", "BatchSummary"]
