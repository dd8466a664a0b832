"""A batch: many requests of one model in one folder, resumable after a kill at any moment."""

from __future__ import annotations

from .options import BatchOptions
from .outcome import BatchOutcome, BatchSummary

__all__ = ["BatchOptions", "BatchOutcome", "BatchSummary"]
