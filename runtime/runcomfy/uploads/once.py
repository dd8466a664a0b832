"""``UploadedOnce``: rows of a batch that use the same file share one upload."""

from __future__ import annotations

from collections.abc import Awaitable
from time import monotonic
from typing import Any

import anyio
import anyio.to_thread

from .upload_file import UploadFile
from .uploader import AsyncUploader

__all__ = ["UploadedOnce", "uploaded_once"]

#: Seconds for which a URL is reused: it may expire, and its file may be deleted.
_TRUSTED = 600.0
#: The number of URLs that are remembered.
_REMEMBERED = 1_000


def uploaded_once(uploader: AsyncUploader | None) -> AsyncUploader | None:
    """The uploader, called once for equal files. One that embeds files in the payload is returned unchanged."""
    if uploader is None or isinstance(uploader, UploadedOnce) or hasattr(uploader, "check_room"):
        return uploader
    return UploadedOnce(uploader)


class UploadedOnce:
    """Calls an uploader once per content, and returns the same URL for ten minutes."""

    def __init__(self, uploader: AsyncUploader) -> None:
        self._uploader = uploader
        self._urls: dict[tuple[str, str], tuple[float, str]] = {}
        self._locks: dict[tuple[str, str], anyio.Lock] = {}

    async def __call__(self, file: UploadFile) -> str:
        """The URL of the file. Raises whatever the uploader raises; the next call tries again."""
        key = (await anyio.to_thread.run_sync(lambda: file.sha256), file.ending)
        try:
            async with self._locks.setdefault(key, anyio.Lock()):
                until, url = self._urls.get(key, (0.0, ""))
                if monotonic() < until:
                    return url
                url = await self._asked(file)
                self._remember(key, url)
                return url
        finally:
            self._locks.pop(key, None)

    async def _asked(self, file: UploadFile) -> str:
        # An async function only makes its coroutine there; trio wants it wrapped.
        (url,) = await anyio.to_thread.run_sync(
            lambda: (self._uploader(file),), abandon_on_cancel=True
        )
        return await url if isinstance(url, Awaitable) else url

    def _remember(self, key: tuple[str, str], url: str) -> None:
        now = monotonic()
        if len(self._urls) >= _REMEMBERED:
            self._urls = {one: entry for one, entry in self._urls.items() if now < entry[0]}
        self._urls[key] = (now + _TRUSTED, url)

    def __reduce__(self) -> tuple[Any, ...]:
        return UploadedOnce, (self._uploader,)

    def __repr__(self) -> str:
        return repr(self._uploader)
