"""``MediaSource``: the type of media inputs, for type checkers and users. The runtime never imports it."""

from __future__ import annotations

import os
from typing import BinaryIO

__all__ = ["MediaSource"]

#: A URL as text, or a local file: its path, its content, or a binary file object. Text is never a path.
MediaSource = str | os.PathLike[str] | bytes | BinaryIO
