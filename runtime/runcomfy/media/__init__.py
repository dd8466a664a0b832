"""Files behind media inputs: which inputs they are, and the rules that their files must keep."""

from .inputs import MediaInput, MediaRule

__all__ = ["MediaInput", "MediaRule"]
