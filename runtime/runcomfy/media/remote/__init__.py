"""Inspecting remote files from a few kilobytes each, on the public internet only."""

from __future__ import annotations

from .probe import RemoteLimits, probe_urls, probe_urls_async

__all__ = ["RemoteLimits", "probe_urls", "probe_urls_async"]
