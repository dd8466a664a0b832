"""Looking at files behind URLs, from a few kilobytes each, and only on the public internet."""

from __future__ import annotations

from .look import RemoteLimits, look, look_async

__all__ = ["RemoteLimits", "look", "look_async"]
