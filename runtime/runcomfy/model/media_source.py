"""``MediaSource``: what a media input takes. Type checkers and users ask for it; nothing here does."""

from __future__ import annotations

import os
from typing import BinaryIO

__all__ = ["MediaSource"]

#: A URL as text, or a local file: its path, its content, or a binary file object. Text is never a path.
MediaSource = str | os.PathLike[str] | bytes | BinaryIO
