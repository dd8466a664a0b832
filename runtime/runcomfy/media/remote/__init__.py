"""Looking at files behind URLs, from a few kilobytes each, and only on the public internet."""

from __future__ import annotations

from .look import RemoteLimits, files_of, look, look_async, remote_urls

__all__ = ["RemoteLimits", "files_of", "look", "look_async", "remote_urls"]
