"""Inspecting remote files from a few kilobytes each, on the public internet only."""

from __future__ import annotations

from .look import RemoteLimits, look, look_async

__all__ = ["RemoteLimits", "look", "look_async"]
