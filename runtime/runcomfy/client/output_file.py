"""``OutputFile`` and ``AsyncOutputFile``: an output file of a request."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from runcomfy.downloads.config import SAVE_TIMEOUT
from runcomfy.downloads.file import File
from runcomfy.downloads.manager import Downloads
from runcomfy.downloads.partial_file import save_target

from .fetched_files import Fetched

if TYPE_CHECKING:
    from runcomfy.buckets import Bucket
    from runcomfy.downloads.async_manager import AsyncDownloads

__all__ = ["AsyncOutputFile", "OutputFile", "default_async_downloads"]


@dataclass(frozen=True, slots=True, repr=False)
class OutputFile(File):
    """An output file of a request, to read or save.

    It is fetched without the token, from allowed hosts only, and no longer than ``timeout`` seconds
    for all attempts together. Raises ``DownloadRefused``, ``DownloadFailed``, ``DeadlineExceeded``.

    >>> file = result.files[0]
    >>> file.save("hat.png")
    PosixPath('hat.png')
    """

    _downloads: Downloads = field(default_factory=Downloads, compare=False)
    _fetched: Fetched = field(default_factory=Fetched, compare=False)

    def read(self, *, timeout: float | None = SAVE_TIMEOUT, max_bytes: int | None = None) -> bytes:
        """The content. Refuses a file of more than ``max_bytes``; default: the client's limit."""
        content = self._downloads.read(self, timeout, max_bytes)
        self._fetched.read(self.url, content)
        return content

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        exact: bool = True,
        progress: Progress | None = None,
        timeout: float | None = SAVE_TIMEOUT,
    ) -> Path:
        """Save into ``path`` if it is a folder or ends with a slash, else as the file ``path``.

        In a folder, the file gets its ``name``, or a similar one if that exists. An existing file is replaced
        only with ``overwrite``; ``FileExistsError`` if ``path`` itself exists. Unless ``exact``, the file ``path`` gets
        the extension of its content, if that is a known format. The file appears under its name only when complete.
        ``progress`` is called in another thread, with the file, the bytes received, and
        the total if known.
        """
        target = save_target(path, self.name, overwrite=overwrite, exact=exact)
        saved = self._downloads.save([self], [target], timeout, progress)[0]
        self._fetched.saved(self.url, saved)
        return saved

    def put(
        self,
        bucket: Bucket | str,
        name: str | None = None,
        *,
        overwrite: bool = False,
        exact: bool = True,
        progress: Progress | None = None,
        timeout: float | None = SAVE_TIMEOUT,
    ) -> str:
        """Save into a bucket (``"s3://bucket/folder"``); the URL of the object.

        Without ``name``, the object gets the name of the file, or a similar one if that exists. An existing object
        is replaced only with ``overwrite``; ``FileExistsError`` if ``name`` was given and exists. Unless ``exact``,
        ``name`` gets the extension of the content. The object appears only when complete. Needs the extra ``upload``. Raises ``BucketError``, and whatever ``save`` raises.
        """
        from runcomfy.downloads.bucket_file import BucketTarget

        target = BucketTarget.of(bucket, name, self.name, overwrite=overwrite, exact=exact)
        return self._downloads.save([self], [target], timeout, progress)[0]


def default_async_downloads() -> AsyncDownloads:
    """The downloads for a file without a client."""
    from runcomfy.downloads.async_manager import AsyncDownloads

    return AsyncDownloads()


@dataclass(frozen=True, slots=True, repr=False)
class AsyncOutputFile(File):
    """``OutputFile`` for ``AsyncClient``: the same methods, awaited.

    >>> content = await result.files[0].read()
    """

    _downloads: AsyncDownloads = field(default_factory=default_async_downloads, compare=False)
    _fetched: Fetched = field(default_factory=Fetched, compare=False)

    async def read(
        self, *, timeout: float | None = SAVE_TIMEOUT, max_bytes: int | None = None
    ) -> bytes:
        """The content. Refuses a file of more than ``max_bytes``; default: the client's limit."""
        content = await self._downloads.read(self, timeout, max_bytes)
        self._fetched.read(self.url, content)
        return content

    async def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        exact: bool = True,
        progress: AsyncProgress | None = None,
        timeout: float | None = SAVE_TIMEOUT,
    ) -> Path:
        """``OutputFile.save``, awaited. ``progress`` is awaited where it returns an awaitable."""
        target = save_target(path, self.name, overwrite=overwrite, exact=exact)
        saved = (await self._downloads.save([self], [target], timeout, progress))[0]
        self._fetched.saved(self.url, saved)
        return saved

    async def put(
        self,
        bucket: Bucket | str,
        name: str | None = None,
        *,
        overwrite: bool = False,
        exact: bool = True,
        progress: AsyncProgress | None = None,
        timeout: float | None = SAVE_TIMEOUT,
    ) -> str:
        """``OutputFile.put``, awaited."""
        from runcomfy.downloads.bucket_file import BucketTarget

        target = BucketTarget.of(bucket, name, self.name, overwrite=overwrite, exact=exact)
        return (await self._downloads.save([self], [target], timeout, progress))[0]


#: Called with the file, the bytes received, and the total if known.
Progress: TypeAlias = Callable[[OutputFile, int, int | None], object]
AsyncProgress: TypeAlias = Callable[[AsyncOutputFile, int, int | None], Awaitable[object] | object]
