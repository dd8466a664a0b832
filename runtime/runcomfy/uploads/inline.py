"""``DataUri``: embeds files in the payload, without external storage."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

from runcomfy.errors import UploadFailed

from .upload_file import UploadFile

__all__ = ["DataUri"]

_MIB = 2**20


class DataUri:
    """Embeds files in the payload as base64 data URIs. This is the default of clients.

    The service accepts bodies of up to 64 MiB, and base64 turns three bytes into four, so files of
    48 MiB together are about what fits. ``max_body`` is in bytes.
    """

    def __init__(self, max_body: int = 64 * _MIB) -> None:
        self.max_body = max_body

    def __call__(self, file: UploadFile) -> str:
        """The content of the file as a data URI."""
        return f"data:{file.media_type};base64,{b64encode(file.read()).decode('ascii')}"

    def check_room(self, places: Mapping[str, UploadFile], rest: int) -> None:
        """Raise ``UploadFailed`` if the body would be too large, without reading any file.

        ``places`` are the files by JSON pointer, and ``rest`` is the size of the body without them.
        """
        body = rest + sum(_length(file) for file in places.values())
        if body <= self.max_body:
            return
        largest = sorted(places.items(), key=lambda place: -place[1].size)[:5]
        sizes = [f"{pointer} {file.size / _MIB:.1f} MiB" for pointer, file in largest]
        if len(places) > len(largest):
            sizes.append(f"{len(places) - len(largest)} more")
        if rest >= _MIB:
            sizes.append(f"the payload itself {rest / _MIB:.1f} MiB")
        raise UploadFailed(
            f"with its files inlined the request would be {body / _MIB:.1f} MiB, but the service accepts "
            f"at most {self.max_body / _MIB:g} MiB: {', '.join(sizes)} (base64 adds a third). Nothing "
            "was submitted. Make the files smaller, or upload them to an object store: "
            'Client(uploader=ObjectStore("s3://…")), see runcomfy.uploads'
        )

    def __repr__(self) -> str:
        return f"DataUri(max_body={self.max_body})"


def _length(file: UploadFile) -> int:
    return len(f"data:{file.media_type};base64,") + (file.size + 2) // 3 * 4
